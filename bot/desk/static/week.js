// Opening hours as text and as a week: "Mon-Fri 09:00-12:00, 13:00-17:00; Sat 10:00-14:00 Europe/London". Pure.

export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
export const NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const FULL = 24 * 60;

/** Return {zone, days: seven lists of [opens, closes]} with times such as "09:00", or null if it is not understood. */
export function readWeek(text) {
  const cut = text.trim().lastIndexOf(" ");
  const days = DAYS.map(() => []);
  for (const part of text.slice(0, cut).split(";").filter((one) => one.trim())) {
    const found = /^\s*([A-Za-z,\s-]+?)\s+(\d.*?)\s*$/.exec(part);
    const chosen = found && daysOf(found[1]);
    const spans = found?.[2].split(",").map((one) => /^\s*(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})\s*$/.exec(one));
    if (!chosen || !spans.every(Boolean)) return null;
    for (const day of chosen) for (const [, opens, closes] of spans) days[day].push([padded(opens), closes === "24:00" ? "00:00" : padded(closes)]);
  }
  for (const spans of days) spans.sort();
  return cut > 0 ? { zone: text.trim().slice(cut + 1), days } : null;
}

const padded = (time) => time.padStart(5, "0");

function daysOf(text) {
  const chosen = new Set();
  for (const item of text.replace(/\s/g, "").split(",")) {
    const [from, to = from] = item.split("-").map((name) => DAYS.findIndex((day) => day.toLowerCase() === name.slice(0, 3).toLowerCase()));
    if (from < 0 || to < 0) return null;
    for (let n = 0; n <= (to - from + 7) % 7; n++) chosen.add((from + n) % 7);
  }
  return chosen;
}

/** Return the week as the text that the server reads; days that are alike are said together. Empty without an opening. */
export function writeWeek({ zone, days }) {
  const said = days.map((spans) => spans.map(([opens, closes]) => `${opens}-${closes === "00:00" ? "24:00" : closes}`).join(", "));
  const parts = [];
  for (let day = 0; day < 7;) {
    let last = day;
    while (last < 6 && said[last + 1] === said[day]) last++;
    if (said[day]) parts.push(`${DAYS[day]}${last > day ? `-${DAYS[last]}` : ""} ${said[day]}`);
    day = last + 1;
  }
  return parts.length ? `${parts.join("; ")} ${zone}` : "";
}

export const minutes = (time) => { const [hours, rest] = time.split(":").map(Number); return hours * 60 + rest; };

/** Return from which to which minute of its day a span lasts; what goes on after midnight ends over 1440. */
export function stretch([opens, closes]) {
  const from = minutes(opens), to = minutes(closes);
  return [from, to > from ? to : to + FULL];
}

/** Return what is wrong with the spans of a day, or "". */
export function wrong(spans) {
  if (spans.some(([opens, closes]) => !opens || !closes)) return "Write both times.";
  if (spans.some(([opens, closes]) => opens === closes && opens !== "00:00")) return "It opens and closes at the same time.";
  const sorted = spans.map(stretch).sort((a, b) => a[0] - b[0]);
  return sorted.some(([from], i) => i && from < sorted[i - 1][1]) ? "Two of the times overlap." : "";
}

/** Return how long it is open in a week, in minutes. */
export const total = (days) => days.flat().map(stretch).reduce((sum, [from, to]) => sum + to - from, 0);
