// A part of the page that says how far something is, kept up to date until it is done.

import { tellTimesIn } from "./times.js";

const EVERY_MS = 2000;

export function followProgress() {
  const part = document.querySelector("[data-follows]");
  if (part) setTimeout(look, EVERY_MS, part);
}

async function look(part) {
  if (document.hidden) return setTimeout(look, EVERY_MS, part);
  try {
    const answer = await fetch(part.dataset.follows);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    // Done, tried again, signed out or gone: the page as a whole tells best.
    if (!fresh?.dataset.follows || isTriedAgain(part, fresh)) return location.reload();
    show(part, fresh);
  } catch {
    // The service is being restarted, perhaps; it goes on where it was.
  }
  setTimeout(look, EVERY_MS, part);
}

// Attempts are a list of their own, elsewhere on the page.
function isTriedAgain(part, fresh) {
  return fresh.dataset.attempts !== part.dataset.attempts;
}

function show(part, fresh) {
  const words = part.querySelector("p");
  tellTimesIn(fresh);
  // A link in it keeps the focus.
  if (!words.contains(document.activeElement)) {
    words.replaceChildren(...fresh.querySelector("p").childNodes);
  }
  const bar = part.querySelector("progress");
  if (bar) bar.value = fresh.querySelector("progress").value;
}
