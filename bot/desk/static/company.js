// Who else is in a conversation: which agents look at it or write in it, and whether the customer is typing.
// Agents say that they are there every 20 seconds and whenever somebody comes; who says nothing is forgotten.

import { live, state } from "./store.js";

const SAY_EVERY = 20_000;
const FORGOTTEN = 45_000;
const TYPED = 6_000;

export class Company {
  #thread;
  #timers = [];
  #here = new Map(); // agent id -> {name, at}
  #writing = new Map(); // agent id -> {name, note, at}
  #customer = 0;
  #shown = "";

  constructor(thread) { this.#thread = thread; }

  open() {
    live.viewing(this.#thread.id);
    this.#timers = [setInterval(() => live.viewing(this.#thread.id), SAY_EVERY), setInterval(() => this.#tell(), 1000)];
  }

  close() {
    for (const timer of this.#timers) clearInterval(timer);
    live.viewing("");
  }

  /** Return the other agents who look at it: [{id, name}]. */
  get viewing() { return this.#fresh(this.#here, FORGOTTEN); }
  /** Return the other agents who write: [{id, name, note}]. */
  get writing() { return this.#fresh(this.#writing, TYPED); }
  get customerTypes() { return Date.now() - this.#customer < TYPED; }

  /** Take a hint; returns whether it was about company. */
  hint(kind, data) {
    if (kind === "viewing") this.#views(data);
    else if (kind === "typing") this.#types(data);
    else return false;
    this.#tell();
    return true;
  }

  /** Forget that somebody types: their message is there. */
  said(entry) {
    if (entry.author === "customer") this.#customer = 0;
    this.#writing.delete(entry.author_id);
    this.#tell();
  }

  #views({ agent, name, here }) {
    if (agent === state.me?.id) return;
    const known = this.#here.has(agent);
    if (!here) { this.#here.delete(agent); this.#writing.delete(agent); return; }
    this.#here.set(agent, { name, at: Date.now() });
    if (!known) live.viewing(this.#thread.id); // so that they learn of me at once
  }

  #types({ agent, name, note, customer, author }) {
    if (customer || author === "customer") this.#customer = Date.now();
    else if (agent && agent !== state.me?.id) this.#writing.set(agent, { name, note: Boolean(note), at: Date.now() });
  }

  #fresh(map, ms) {
    for (const [id, one] of map) if (Date.now() - one.at > ms) map.delete(id);
    return [...map].map(([id, one]) => ({ id, ...one }));
  }

  #tell() {
    const now = JSON.stringify([this.viewing.map((a) => a.id), this.writing.map((a) => [a.id, a.note]), this.customerTypes]);
    if (now === this.#shown) return;
    this.#shown = now;
    this.#thread.dispatchEvent(new Event("company"));
  }
}
