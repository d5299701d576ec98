// What was written and is not with the server yet. Each message has a key of its own in this browser, so that a reload
// or a lost connection loses nothing; the client id makes a second attempt harmless. Messages of one conversation go
// in their order, and each stands for some seconds in which it can be taken back.

import { api } from "./api.js";
import { keep, loadAgents, on, prefs, read, state } from "./store.js";

const KEY = "baton-desk-out:";
const PAUSES = [1500, 3000, 6000, 12_000, 30_000];
const ORPHANED = 4000; // milliseconds after its time when another tab sends a message
const FORGET_AFTER = 24 * 3600_000;

const tab = (() => {
  try { return sessionStorage.getItem("baton-desk-tab") ?? (sessionStorage.setItem("baton-desk-tab", crypto.randomUUID()), sessionStorage.getItem("baton-desk-tab")); } catch { return ""; }
})();
const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Events: `change`, `sent` (detail: the item). An item's `state` is held, waiting, sending, sent or failed. */
class Outbox extends EventTarget {
  #items = new Map();
  #busy = new Set();
  #timer = 0;
  #tries = 0;

  constructor() {
    super();
    on("me", (me) => me && this.adopt());
    on("resync", () => { this.#tries = 0; this.adopt(); });
    addEventListener("online", () => { this.#tries = 0; this.#pump(); });
    addEventListener("pagehide", () => this.#leave());
  }

  /** Return what is on its way in a conversation, in order. */
  of(conversation) {
    return [...this.#items.values()].filter((one) => one.conversation === conversation && one.agent === state.me?.id).sort((a, b) => a.at - b.at);
  }

  /** Take a message; it leaves after the time in which it can be taken back. */
  add({ conversation, text, kind, files }) {
    const client_id = newId();
    const at = Math.max(Date.now(), ...this.of(conversation).map((one) => one.at + 1));
    const item = { client_id, stored: `${state.me.id}:${client_id}`, agent: state.me.id, tab, conversation, text, kind, files, at, due: at + prefs.undo * 1000, state: prefs.undo ? "held" : "waiting", error: "" };
    this.#put(item);
    this.#pump();
    return item;
  }

  /** Take a message back; returns it, or null if it is on its way already. */
  undo(id) {
    const item = this.#items.get(id);
    if (!item || item.state === "sending" || item.state === "sent") return null;
    this.#forget(item);
    return item;
  }

  /** Return the message that was written last and can still be taken back, if there is one. */
  last(conversation) { return this.of(conversation).findLast((one) => one.state === "held" || one.state === "waiting") ?? null; }

  /** Try again what was refused. */
  retry(id) {
    const item = this.#items.get(id);
    if (item) { this.#put({ ...item, state: "waiting", error: "" }); this.#pump(); }
  }

  /** Take on what a reload or a closed tab left behind. */
  adopt() {
    const now = Date.now();
    for (const key of this.#keys()) {
      const item = read(key);
      if (!item || now - item.at > FORGET_AFTER) { keep(key, null); continue; }
      const ours = item.tab === tab || now > item.due + ORPHANED;
      if (!ours || item.agent !== state.me?.id || this.#items.has(item.client_id)) continue;
      // What this tab left behind went out when the page went; the answer to that was never heard.
      this.#items.set(item.client_id, { ...item, tab, due: Math.min(item.due, now), state: item.state === "failed" ? "failed" : "waiting" });
    }
    this.#tell();
    this.#pump();
  }

  #keys() {
    try { return Object.keys(localStorage).filter((key) => key.startsWith(KEY)); } catch { return []; }
  }

  #put(item) {
    this.#items.set(item.client_id, item);
    keep(KEY + item.client_id, item);
    this.#tell();
  }

  #forget(item) {
    this.#items.delete(item.client_id);
    keep(KEY + item.client_id, null);
    this.#tell();
  }

  /** Send what is due: in each conversation one at a time. */
  #pump() {
    clearTimeout(this.#timer);
    const now = Date.now();
    let next = Infinity;
    for (const conversation of new Set([...this.#items.values()].map((one) => one.conversation))) {
      const first = this.of(conversation).find((one) => one.state === "held" || one.state === "waiting");
      if (!first || this.#busy.has(conversation)) continue;
      if (first.due <= now) this.#send(first); else next = Math.min(next, first.due);
    }
    if (next < Infinity) this.#timer = setTimeout(() => this.#pump(), next - now);
  }

  async #send(item) {
    this.#busy.add(item.conversation);
    this.#put({ ...item, state: "sending" });
    try {
      await this.#post(item);
      this.#tries = 0;
      this.#sent(item);
    } catch (error) {
      await this.#refused(item, error);
    } finally {
      this.#busy.delete(item.conversation);
      this.#pump();
    }
  }

  #post({ conversation, client_id, text, kind, files }, options) {
    return api.post(`/conversations/${conversation}/messages`, { client_id, text, kind, files: files.map((file) => file.id) }, options);
  }

  #sent(item) {
    keep(KEY + item.client_id, null);
    const done = { ...item, state: "sent" };
    this.#items.set(item.client_id, done); // it stays until its entry can be seen
    setTimeout(() => { this.#items.delete(item.client_id); this.#tell(); }, 8000);
    this.#tell();
    this.dispatchEvent(new CustomEvent("sent", { detail: done }));
  }

  async #refused(item, error) {
    if (error.offline || error.status === 429 || error.status === 401 || error.status >= 500) {
      const pause = PAUSES[Math.min(this.#tries++, PAUSES.length - 1)];
      this.#put({ ...item, state: "waiting", due: Date.now() + pause, error: error.offline ? "offline" : error.message });
    } else {
      if (error.status === 409 && !state.agents.size) await loadAgents().catch(() => {}); // their names
      this.#put({ ...item, state: "failed", error: error.status === 409 ? notMine(error) : error.message });
    }
  }

  /** The page goes: everything goes out at once; what does not arrive is found at the next start. */
  #leave() {
    for (const item of this.#items.values()) {
      if (item.agent === state.me?.id && (item.state === "held" || item.state === "waiting")) this.#post(item, { keepalive: true }).catch(() => {});
    }
  }

  #tell() { this.dispatchEvent(new Event("change")); }
}

/** Say who has the conversation instead. */
export function notMine({ fields }) {
  const name = state.agents.get(fields.assignee)?.name;
  if (fields.owner === "agent") return `${name || "Somebody else"} has this conversation now.`;
  return { bot: "The assistant has this conversation now.", queue: "It is back in the queue.", nobody: "It has been closed." }[fields.owner] ?? "It is not yours any more.";
}

export const outbox = new Outbox();
