// Brings in what is new. While somebody reads a payload, it only says that there is more.
const shown = Number(document.body.dataset.count);

async function look() {
  const answer = await fetch("/count", { cache: "no-store" }).catch(() => null);
  if (!answer?.ok || Number(await answer.text()) === shown) return;
  if (document.querySelector("details[open]")) document.querySelector("#more").hidden = false;
  else location.reload();
}

setInterval(look, 1000);
