// A part of the page that says how far something is, kept up to date until it is done.

import { tellTimesIn } from "./times.js";

const EVERY_MS = 2000;

export function followProgress() {
  for (const part of document.querySelectorAll("[data-follows]")) setTimeout(look, EVERY_MS, part);
}

async function look(part) {
  if (document.hidden) return setTimeout(look, EVERY_MS, part);
  try {
    const answer = await fetch(part.dataset.follows);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    // Done, tried again, signed out or gone: the page as a whole tells best.
    if (!fresh?.dataset.follows || hasOtherRows(part, fresh)) return location.reload();
    show(part, fresh);
  } catch {
    // The service is being restarted, perhaps; it goes on where it was.
  }
  setTimeout(look, EVERY_MS, part);
}

// Attempts are a list of their own, elsewhere on the page; jobs begin and end.
function hasOtherRows(part, fresh) {
  const { attempts, rows } = part.dataset;
  return fresh.dataset.attempts !== attempts || fresh.dataset.rows !== rows;
}

function show(part, fresh) {
  tellTimesIn(fresh);
  const lives = part.querySelectorAll("[data-live]");
  if (lives.length) return lives.forEach((live) => showLive(live, fresh));
  const words = part.querySelector("p");
  // A link in it keeps the focus.
  if (!words.contains(document.activeElement)) {
    words.replaceChildren(...fresh.querySelector("p").childNodes);
  }
  const bar = part.querySelector("progress");
  if (bar) bar.value = fresh.querySelector("progress").value;
}

function showLive(live, fresh) {
  const its = fresh.querySelector(`#${CSS.escape(live.id)}`);
  if (its) live.replaceChildren(...its.childNodes);
}
