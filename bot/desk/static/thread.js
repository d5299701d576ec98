// One conversation as the server has it: what is known of it, and its entries without gaps. It reads what hints point
// at, and never shows anything itself.

import { api } from "./api.js";
import { live, on, state } from "./store.js";
import { Company } from "./company.js";

const PAGE = 200;
const FIRST = 80;
const CALM = 700; // milliseconds in which several hints become one look

/** Events: `detail`, `orders`, `entries` (detail: {older, fresh, anew}), `marks`, `company`, `failed`. */
export class Thread extends EventTarget {
  #ends = [];
  #timer = 0;
  #starting = null;
  #reading = null;
  #again = false;
  #closed = false;

  constructor(id) {
    super();
    this.id = id;
    this.detail = null;
    this.entries = []; // in order, without gaps
    this.customerRead = 0;
    this.readBefore = 0; // what agents had read when this was opened
    this.newest = 0; // the greatest number that we have heard of
    this.error = null;
    this.claiming = false; // a claim is on its way: one may begin to write
    this.orders = null; // as GET .../orders answers; null until it was read
    this.company = new Company(this);
  }

  get first() { return this.entries[0]?.seq ?? 0; }
  get last() { return this.entries.at(-1)?.seq ?? 0; }
  /** Whether the end of the conversation is here: what comes next belongs below. */
  get atEnd() { return this.last >= this.newest; }
  get mine() { return this.detail?.owner === "agent" && this.detail.assignee === state.me?.id; }

  /** Begin; with `seq` around that entry, otherwise at the end. */
  async open(seq = 0) {
    this.#ends = [on("hint", (hint) => hint.conversation_id === this.id && this.#hint(hint)), on("resync", () => this.#resync())];
    this.company.open();
    await Promise.all([this.loadDetail(), seq ? this.around(seq) : this.toEnd()]);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.company.close();
    for (const end of this.#ends) end();
  }

  /** Read the conversation anew: owner, packet, marks. */
  async loadDetail() {
    try {
      this.take(await api.get(`/conversations/${this.id}`));
      this.error = null;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Read the customer's orders, what may be done with them, and who the customer is. */
  async loadOrders() {
    try {
      this.orders = await api.get(`/conversations/${this.id}/orders`);
    } catch {
      this.orders = { orders: null, status: "try_later", customer: null };
    }
    this.#tell("orders");
  }

  /** Return the profile as it is known now: {profile, source, age in seconds}; the newer reading wins. */
  get known() {
    const { customer, source = "" } = this.orders ?? {};
    const packet = this.detail?.packet;
    if (packet?.profile) return { profile: packet.profile, source: packet.profile_source, age: packet.profile_age };
    return { profile: customer ?? null, source, age: customer ? 0 : null };
  }

  /** Take what an answer said of this conversation; moves answer without the packet, which then stays. */
  take(detail) {
    if (this.#closed) return;
    if (this.detail && detail.owner_version < this.detail.owner_version) return; // an older answer that came late
    const before = this.detail;
    this.detail = { ...(before ?? {}), ...detail };
    if (!before) this.readBefore = detail.agent_read;
    this.customerRead = Math.max(this.customerRead, detail.customer_read);
    this.newest = Math.max(this.newest, detail.seq);
    this.#tell("detail");
    if (before && before.owner_version !== detail.owner_version) this.catchUp();
  }

  /** Read the newest entries. */
  toEnd() { return this.#start(-FIRST, FIRST); }

  /** Read what is around one entry. */
  around(seq) { return seq >= this.first && seq <= this.last ? Promise.resolve() : this.#start(Math.max(0, seq - FIRST / 2), FIRST); }

  #start(after, limit) { return this.#starting = this.#begin(after, limit); }

  async #begin(after, limit) {
    try {
      const { messages } = await api.get(`/conversations/${this.id}/messages`, { after, limit });
      if (this.#closed) return;
      this.entries = messages;
      if (after < 0) this.newest = Math.max(this.newest, this.last);
      this.#tell("entries", { anew: true });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Read again after something failed. */
  again() { return Promise.all([this.loadDetail(), this.entries.length ? this.catchUp() : this.toEnd()]); }

  /** Read one page before the first entry; returns whether there was one. */
  async loadOlder() {
    if (this.first <= 1) return false;
    const after = Math.max(0, this.first - 1 - PAGE);
    const { messages } = await api.get(`/conversations/${this.id}/messages`, { after, limit: Math.min(PAGE, this.first - 1 - after) });
    const older = messages.filter((one) => one.seq < this.first);
    if (this.#closed || !older.length) return false;
    this.entries = [...older, ...this.entries];
    this.#tell("entries", { older: true });
    return true;
  }

  /** Read what is after the last entry, all of it or one page. */
  async catchUp({ all = true } = {}) {
    if (this.#reading) { this.#again = true; return this.#reading; }
    this.#reading = this.#read(all).catch((error) => this.#fail(error)).finally(() => {
      this.#reading = null;
      if (this.#again) { this.#again = false; this.catchUp(); }
    });
    return this.#reading;
  }

  async #read(all) {
    for (;;) {
      const { messages } = await api.get(`/conversations/${this.id}/messages`, { after: this.last, limit: PAGE });
      if (this.#closed) return;
      const fresh = messages.filter((one) => one.seq > this.last);
      this.entries = [...this.entries, ...fresh];
      this.newest = Math.max(this.newest, this.last);
      if (fresh.length) this.#tell("entries", { fresh });
      if (messages.length < PAGE || !all) return;
    }
  }

  /** Read one entry anew: its delivery or what it means has changed. */
  async refresh(seq) {
    // What is being read at this moment may have been looked up before the change.
    await Promise.all([this.#starting, this.#reading]);
    if (seq < this.first || seq > this.last) return;
    const { messages: [one] } = await api.get(`/conversations/${this.id}/messages`, { after: seq - 1, limit: 1 });
    if (one?.seq === seq) this.put(one);
  }

  /** Replace one entry. */
  put(entry) {
    const at = entry.seq - this.first;
    if (this.#closed || this.entries[at]?.seq !== entry.seq) return;
    this.entries = this.entries.with(at, entry);
    this.#tell("entries", {});
  }

  /** Tell the others how far I have read, if the conversation is mine. */
  async markRead() {
    if (!this.mine || !this.last || this.detail.agent_read >= this.last) return;
    this.detail.agent_read = this.last;
    try { await api.post(`/conversations/${this.id}/read`, { seq: this.last }); } catch { /* the next look does it */ }
  }

  #hint(hint) {
    const { kind, seq = 0, data = {} } = hint;
    this.newest = Math.max(this.newest, kind === "delivery" || kind === "correction" ? 0 : seq);
    if (this.company.hint(kind, data)) return;
    if (kind === "read") return this.#marks(data);
    if (kind === "delivery" || kind === "correction") { this.refresh(seq).catch(() => {}); return; }
    if (seq > this.last || kind === "owner") this.#follow();
    this.#later();
  }

  /** Read what is new if the end is shown; who reads far above learns only that there is more. */
  #follow() {
    if (this.entries.length && this.newest - this.last > PAGE * 2) this.#tell("entries", {});
    else this.catchUp();
  }

  #marks({ who, seq }) {
    if (who !== "customer" || seq <= this.customerRead) return;
    this.customerRead = seq;
    this.#tell("marks");
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.loadDetail(), CALM);
  }

  #resync() {
    this.again();
    live.viewing(this.id);
  }

  #fail(error) {
    if (this.#closed || error.name === "AbortError") return;
    this.error = error;
    this.#tell("failed", error);
  }

  #tell(name, detail) { if (!this.#closed) this.dispatchEvent(new CustomEvent(name, { detail })); }
}
