// Times in the reader's zone: near ones in words, with the exact time in the title.

// The page's language, as it is written where the reader is.
const page = document.documentElement.lang;
const tongue = navigator.languages.find((one) => one.split("-")[0] === page) ?? page;

const exact = new Intl.DateTimeFormat(tongue, { dateStyle: "medium", timeStyle: "short" });
const full = new Intl.DateTimeFormat(tongue, { dateStyle: "long", timeStyle: "long" });
const words = new Intl.RelativeTimeFormat(tongue, { numeric: "auto" });
const STEPS = [["second", 60], ["minute", 60], ["hour", 24]];
const EVERY_MS = 30_000;

export function tellTimes() {
  tellTimesIn(document);
  setInterval(tellTimesIn, EVERY_MS, document);
}

// Those that came later, too: the title still is the exact time in UTC then.
export function tellTimesIn(part) {
  for (const time of part.querySelectorAll("time")) {
    if (!time.dataset.told) time.title = `${full.format(at(time))}\n${time.title}`;
    time.dataset.told = "yes";
    time.textContent = isDue(time) ? document.body.dataset.due : told(at(time), Date.now());
  }
}

// What was ahead when the page was made and has come since: whether it has happened is not known.
function isDue(time) {
  return "ahead" in time.dataset && at(time) <= Date.now();
}

function at(time) {
  return new Date(time.dateTime);
}

function told(moment, now) {
  let left = Math.trunc((moment - now) / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(left) < size) return words.format(left, unit);
    left = Math.trunc(left / size);
  }
  return exact.format(moment);
}
