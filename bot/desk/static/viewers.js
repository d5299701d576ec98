// Which agents look at which conversation, as far as the live connection told: for the rows of lists.

import { emit, on, state } from "./store.js";

const FORGOTTEN = 45_000; // milliseconds without a word after which somebody is gone
const here = new Map(); // conversation -> Map of agent id -> {name, at}

/** Return the other agents who look at a conversation: [{id, name}]. */
export function viewersOf(conversation) {
  const found = here.get(conversation);
  return found ? [...found].map(([id, { name }]) => ({ id, name })) : [];
}

function take({ kind, conversation_id: id, data }) {
  if (kind !== "viewing" || data.agent === state.me?.id) return;
  const found = here.get(id) ?? new Map();
  const before = found.size;
  if (data.here) found.set(data.agent, { name: data.name, at: Date.now() }); else found.delete(data.agent);
  if (found.size) here.set(id, found); else here.delete(id);
  if (found.size !== before) emit("viewers", id);
}

function forget(all = false) {
  for (const [id, found] of here) {
    const before = found.size;
    for (const [agent, { at }] of found) if (all || Date.now() - at > FORGOTTEN) found.delete(agent);
    if (!found.size) here.delete(id);
    if (found.size !== before) emit("viewers", id);
  }
}

on("hint", take);
on("resync", () => forget(true));
setInterval(forget, 10_000);
