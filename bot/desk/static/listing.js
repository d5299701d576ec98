// One list of conversations as the server has it: pages, in the server's order, kept up to date by reading its head
// anew when a hint says so. It never shows anything itself.

import { api } from "./api.js";
import { calm } from "./calm.js";
import { on } from "./store.js";

const PAGE = 50;
const MOST = 200; // rows that one look reads anew; what is further down is read again when one gets there
const TOLD = ["message", "owner", "delivery", "read", "task"];
const SEEN = 500;

/** The newest view of conversations that were read, by id: for names where only an id is known. */
export const seen = new Map();

function remember(rows) {
  for (const row of rows) { seen.delete(row.id); seen.set(row.id, row); }
  for (const id of seen.keys()) { if (seen.size <= SEEN) break; seen.delete(id); }
}

const asked = new Map();

/** Read one page; the same question at the same time is asked once. Raises ApiError. */
export function readPage(query) {
  const key = JSON.stringify(query);
  if (!asked.has(key)) {
    const answer = api.get("/conversations", query).then((page) => { remember(page.conversations); return page; });
    asked.set(key, answer);
    answer.catch(() => null).finally(() => asked.delete(key));
  }
  return asked.get(key);
}

const time = (at) => (at ? Date.parse(at) : Infinity);

/** Return in what order a list is, as keys to compare. */
const KEYS = {
  queue: (row) => [-row.priority, time(row.reply_until), row.waiting_since ? Date.parse(row.waiting_since) : 0],
  work: (row) => [time(row.task?.due_at)],
  others: (row) => [-Date.parse(row.updated_at)],
};

/** Events: `change` (rows, error or end are new). */
export class Listing extends EventTarget {
  #ends = [];
  #closed = false;
  #again = calm(() => this.#head());

  /** `filters` may hold team, channel, reason and unread. */
  constructor(view, filters = {}) {
    super();
    this.view = view;
    this.filters = filters;
    this.rows = [];
    this.more = false; // whether there is more on the server
    this.loaded = false;
    this.error = null;
    this.reading = false; // the next page
  }

  open() {
    this.#ends = [
      on("hint", (hint) => TOLD.includes(hint.kind) && this.#told(hint)),
      on("resync", () => this.#again()),
      on("work", () => this.#again()),
    ];
    this.#head();
  }

  close() {
    this.#closed = true;
    this.#again.cancel();
    for (const end of this.#ends) end();
  }

  /** Read everything anew. */
  refresh() { this.#again(); }

  /** Read the next page. */
  async next() {
    if (!this.more || this.reading || !this.rows.length) return;
    this.reading = true;
    this.#tell();
    try {
      const page = await readPage(this.#query({ after: this.rows.at(-1).id, limit: PAGE }));
      const known = new Set(this.rows.map((row) => row.id));
      this.rows = [...this.rows, ...page.conversations.filter((row) => !known.has(row.id))];
      this.more = page.after !== "";
      this.error = null;
    } catch (error) { this.error = error; }
    this.reading = false;
    this.#tell();
  }

  #query(more) { return { owner: this.view, ...this.filters, ...more }; }

  #told(hint) {
    const at = this.rows.findIndex((row) => row.id === hint.conversation_id);
    if (at >= MOST) this.rows.splice(at, 1); // too far down to be read anew; it comes back in its new place
    this.#again();
  }

  async #head() {
    try {
      const limit = Math.min(MOST, Math.max(PAGE, this.rows.length));
      const page = await readPage(this.#query({ limit }));
      this.rows = [...page.conversations, ...this.#below(page)];
      if (page.conversations.length === this.rows.length) this.more = page.after !== "";
      this.loaded = true;
      this.error = null;
    } catch (error) { this.error = error; }
    this.#tell();
  }

  /** Return the rows that we had and that come after this page. */
  #below(page) {
    if (page.after === "" || !page.conversations.length) return [];
    const keyOf = KEYS[this.view] ?? KEYS.others;
    const last = keyOf(page.conversations.at(-1));
    const here = new Set(page.conversations.map((row) => row.id));
    return this.rows.filter((row) => !here.has(row.id) && later(keyOf(row), last));
  }

  #tell() { if (!this.#closed) this.dispatchEvent(new Event("change")); }
}

function later(one, other) {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return one[i] > other[i];
  return false;
}
