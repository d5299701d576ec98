// Times, names and amounts as people at a desk read them. Pure.

const clockOf = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayOf = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

export const clock = (at) => clockOf.format(new Date(at));
export const fullTime = (at) => whole.format(new Date(at));

/** Return the day as a heading: Today, Yesterday, or the date. */
export function day(at, now = new Date()) {
  const start = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  const days = Math.round((start(now) - start(new Date(at))) / 86_400_000);
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : dayOf.format(new Date(at));
}

/** Return how long ago in the fewest letters: now, 4m, 2h, 3d, 12 Mar. */
export function ago(at, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(at)) / 1000);
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  if (seconds < 7 * 86_400) return `${Math.floor(seconds / 86_400)}d`;
  return shortDay.format(new Date(at));
}

/** Return how long somebody has been waiting: 42s, 4m, 1h 05m, 3d. */
export function waited(since, now = Date.now()) {
  const seconds = Math.max(0, Math.floor((now - new Date(since)) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}m`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Return until when something is due: 14:30, tomorrow 09:00, 3 Dec 09:00. */
export function due(at, now = new Date()) {
  const that = new Date(at);
  const days = Math.round((new Date(that.toDateString()) - new Date(now.toDateString())) / 86_400_000);
  return days === 0 ? clock(at) : days === 1 ? `tomorrow ${clock(at)}` : days === -1 ? `yesterday ${clock(at)}` : `${shortDay.format(that)} ${clock(at)}`;
}

/** Return a number in few letters: 7, 99, 1.2k. */
export const few = (n) => (n < 1000 ? String(n) : n < 10_000 ? `${(n / 1000).toFixed(1)}k` : `${Math.round(n / 1000)}k`);

/** Return a length of time in words: 40 seconds, 4 minutes, 2 hours, 3 days. */
export function lasting(seconds) {
  const said = (n, unit) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (seconds < 60) return said(Math.max(0, Math.round(seconds)), "second");
  if (seconds < 3600) return said(Math.round(seconds / 60), "minute");
  if (seconds < 86_400) return said(Math.round(seconds / 3600), "hour");
  return said(Math.round(seconds / 86_400), "day");
}

export const size = (bytes) => bytes == null ? "" : bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** Return an amount with its currency; the amount may be a decimal as text. */
export function money(amount, currency) {
  try { return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount); } catch { return `${amount} ${currency}`; }
}

/** Return "track order" for "track_order". */
export const words = (name) => String(name ?? "").replaceAll("_", " ");
export const sentence = (name) => { const said = words(name); return said.charAt(0).toUpperCase() + said.slice(1); };

export function initials(name) {
  const parts = String(name || "?").trim().split(/\s+/);
  const first = [...(parts[0] ?? "?")][0] ?? "?";
  const last = parts.length > 1 ? [...parts.at(-1)][0] : "";
  return (first + last).toUpperCase();
}

/** Return a number from 0 to 5 that stays the same for a name: its colour. */
export function tone(name) {
  let sum = 0;
  for (const char of String(name)) sum = (sum * 31 + char.codePointAt(0)) >>> 0;
  return sum % 6;
}

export const CHANNELS = { webchat: "Web chat", rest: "API", telegram: "Telegram", whatsapp: "WhatsApp" };
export const channelName = (name) => CHANNELS[name] ?? sentence(name);

export const REASONS = {
  asked_for_human: "Asked for a person",
  not_understood: "Not understood",
  frustrated: "Frustrated",
  business_rule: "Business rule",
  vip: "Important customer",
  engine_down: "Assistant failed",
  agent_requested: "Taken by an agent",
};
export const reasonName = (reason) => REASONS[reason] ?? sentence(reason);

/** Return the customer's name, or what can be said instead. */
export const customerName = (conversation) => conversation?.customer_name || `Visitor ${String(conversation?.id ?? "").slice(-4)}`;
