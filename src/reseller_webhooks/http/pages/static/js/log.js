// The event log while something happens. At the top of its newest page new lines appear in place;
// whoever has scrolled, paged or put the focus into it is told how many there are, and nothing moves.

import { tellTimesIn } from "./times.js";

const GATHER_MS = 500;
const fresh = new Set();
let lines, source, waits;

export function followLog() {
  lines = document.querySelector("[data-news]");
  if (!lines) return;
  listen();
  // A browser has few connections to one host, so a log that nobody sees has none.
  document.addEventListener("visibilitychange", () => (document.hidden ? source.close() : listen()));
  document.addEventListener("scroll", () => { if (fresh.size && atRest()) look(); }, { passive: true });
}

function listen() {
  source = new EventSource(lines.dataset.news);
  source.addEventListener("news", ({ data, lastEventId }) => {
    goOnBehind(lastEventId);
    const told = JSON.parse(data);
    for (const one of told) if (one.fits && !row(one.id) && isAhead(one.at)) fresh.add(one.id);
    if (fresh.size || told.some((one) => row(one.id))) waits ??= setTimeout(look, GATHER_MS);
  });
}

function goOnBehind(mark) {
  const url = new URL(lines.dataset.news, location);
  url.searchParams.set("after", mark);
  lines.dataset.news = url;
}

function row(id) {
  return lines.querySelector(`[data-id="${id}"]`);
}

// An old delivery that is tried again belongs to an older page, and is no news on this one.
function isAhead(at) {
  const last = lines.querySelector("tbody > :last-child");
  return at >= (lines.hasAttribute("data-newest") ? last?.dataset.at ?? 0 : lines.dataset.at);
}

function atRest() {
  return lines.hasAttribute("data-newest") && lines.getBoundingClientRect().top >= 0
    && !lines.contains(document.activeElement) && getSelection().isCollapsed;
}

async function look() {
  clearTimeout(waits);
  waits = undefined;
  try {
    const answer = await fetch(location.href);
    if (answer.redirected || !answer.ok) return;
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The service is being restarted, perhaps; the stream comes back by itself.
  }
}

function show(page) {
  const now = page.querySelector("[data-news]");
  tellTimesIn(now);
  for (const count of page.querySelectorAll("[data-tab]")) {
    document.querySelector(`[data-tab="${count.dataset.tab}"]`).textContent = count.textContent;
  }
  if (atRest()) showAll(now);
  else showChanges(now);
  const bar = document.querySelector(".news a");
  bar.hidden = fresh.size === 0;
  bar.textContent = bar.parentElement.dataset.new.replace("{}", fresh.size);
}

function showAll(now) {
  for (const one of now.querySelectorAll("[data-id]")) if (!row(one.dataset.id)) one.classList.add("fresh");
  lines.replaceChildren(...now.childNodes);
  fresh.clear();
}

function showChanges(now) {
  for (const one of now.querySelectorAll("[data-id]")) {
    const shown = row(one.dataset.id);
    if (shown && !shown.contains(document.activeElement)) shown.replaceWith(one);
  }
}
