// Fields for a time, which are in UTC, in the reader's zone instead; they are sent in UTC.

const MINUTE_MS = 60_000;

export function askInZone() {
  for (const form of document.querySelectorAll("form[data-utc]")) {
    const fields = [...form.querySelectorAll("input[type=datetime-local]")];
    for (const field of fields) field.value = moved(field.value, "Z", local);
    for (const zone of form.querySelectorAll("[data-zone]")) zone.hidden = true;
    form.addEventListener("formdata", ({ formData }) => {
      for (const field of fields) formData.set(field.name, moved(field.value, "", utc));
    });
  }
}

function moved(text, zone, told) {
  const at = new Date(text + zone);
  return Number.isNaN(at.valueOf()) ? text : told(at).toISOString().slice(0, 16);
}

function local(at) {
  return new Date(at - at.getTimezoneOffset() * MINUTE_MS);
}

function utc(at) {
  return at;
}
