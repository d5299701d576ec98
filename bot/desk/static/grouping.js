// How entries of a transcript belong together: days, groups, and which offered choice was pressed. Pure.

import { rowKind } from "./message.js";

const GROUP = 5 * 60_000; // milliseconds after which a new group begins

/** Return the day of an entry as a key. */
export const dayOf = (entry) => new Date(entry.created_at).toDateString();
/** Whether an entry was said to the customer. */
export const outward = (entry) => entry.author !== "customer" && entry.kind !== "note" && entry.kind !== "event";

/** Whether an entry begins a group: somebody else, something else, or a while later. */
export function starts(before, entry) {
  return before.author !== entry.author || before.author_id !== entry.author_id || rowKind(before) !== rowKind(entry)
    || new Date(entry.created_at) - new Date(before.created_at) > GROUP;
}

/** Return which of an entry's choices the customer pressed: the next thing they said, if it is one of them. */
export function pressed(entries, at) {
  if (!entries[at].choices.length) return "";
  const next = entries.slice(at + 1, at + 12).find((one) => one.author === "customer");
  return next && entries[at].choices.includes(next.text) ? next.text : "";
}
