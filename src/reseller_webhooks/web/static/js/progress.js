// A part of the page that says how far something is, kept up to date until it is done.

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
    // Done, signed out or gone: the page as a whole tells best.
    if (!fresh?.dataset.follows) return location.reload();
    part.querySelector("p").textContent = fresh.querySelector("p").textContent;
    part.querySelector("progress").value = fresh.querySelector("progress").value;
  } catch {
    // The service is being restarted, perhaps; it goes on where it was.
  }
  setTimeout(look, EVERY_MS, part);
}
