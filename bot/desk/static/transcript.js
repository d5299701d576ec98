// The transcript: rows of a thread, keyed, so that what is read, chosen or selected stays where it is. It stays at the
// end only for who is at the end; who reads above sees that there is more.

import { announce, fill, h, icon, toast } from "./dom.js";
import { day, customerName } from "./format.js";
import { dayOf, outward, pressed, starts } from "./grouping.js";
import { row, rowKind, speaker } from "./message.js";
import { pendingRow } from "./pending.js";
import { MessageTools } from "./message-tools.js";
import { outbox } from "./outbox.js";
import { state } from "./store.js";

const NEAR = 80; // pixels from the end that still count as the end
const TOP = 600; // from here on what is older is read
const MEANT = 700; // milliseconds after a wheel, a finger or a key in which scrolling is the reader's own

class Transcript extends HTMLElement {
  #rows = new Map(); // key -> {node, entry, look}
  #ends = [];
  #atEnd = true;
  #fresh = 0;
  #loading = false;
  #divider = 0;

  connectedCallback() {
    this.list = h("ol.entries", { role: "list" });
    this.older = h("div.older.quiet", { hidden: true }, "Loading what is older…");
    this.typing = h("div.typing", { hidden: true }, h("span.dots", h("i"), h("i"), h("i")), h("span.quiet"));
    this.scroller = h("section.scroller", { tabIndex: 0, "aria-label": "Messages" }, this.older, this.list, this.typing);
    this.more = h("button.button.more", { type: "button", hidden: true, onclick: () => this.toEnd() }, icon("down"), h("span"));
    fill(this, this.scroller, this.more);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    for (const name of ["wheel", "touchmove", "pointerdown", "keydown"]) this.scroller.addEventListener(name, () => (this.#meant = Date.now()), { passive: true });
    this.tools = new MessageTools(this);
    this.#watch = new ResizeObserver(() => this.#atEnd && this.#bottom());
    this.#watch.observe(this.scroller);
    this.#watch.observe(this.list);
  }
  #watch = null;
  #meant = 0;

  disconnectedCallback() {
    this.#watch?.disconnect();
    for (const end of this.#ends) end();
  }

  /** Show this thread; `actions` are {correct, uncorrect, edit}; with `seq` begin at that entry. */
  show(thread, actions, seq = 0) {
    this.thread = thread;
    this.actions = actions;
    this.wanted = seq;
    this.#atEnd = !seq;
    fill(this.list, ...[64, 40, 52, 30].map((width, i) => h(`li.row.skeleton.${i % 2 ? "bot" : "customer"}`, { "aria-hidden": "true", style: { "--width": `${width}%` } }, h("div.bubble"))));
    const heard = [["entries", (e) => this.#changed(e.detail ?? {})], ["marks", () => this.#draw()], ["detail", () => this.#draw()], ["company", () => this.#typing()]];
    this.#ends = heard.map(([name, listener]) => { thread.addEventListener(name, listener); return () => thread.removeEventListener(name, listener); });
    const sent = () => { this.#draw(); if (this.#atEnd) this.#bottom(); };
    outbox.addEventListener("change", sent);
    this.#ends.push(() => outbox.removeEventListener("change", sent));
  }

  /** Go to one entry and let it stand out for a moment; what is far away is read first. */
  async goTo(seq) {
    this.#atEnd = false;
    await this.thread.around(seq);
    const node = this.#rows.get(seq)?.node;
    if (!node) return this.toEnd();
    this.#show(node, 0.5);
    node.focus({ preventScroll: true });
    node.classList.add("sought");
    setTimeout(() => node.classList.remove("sought"), 2400);
  }

  /** Go to the newest entry. */
  async toEnd() {
    this.#atEnd = true;
    if (!this.thread.atEnd) await this.thread.toEnd();
    this.#draw();
    this.#bottom();
  }

  /** Move the focus to the entry before or after the one that has it. */
  step(by) {
    const rows = [...this.list.querySelectorAll(".row[data-seq]")];
    const at = rows.indexOf(document.activeElement?.closest?.(".row"));
    const next = rows[at < 0 ? rows.length - 1 : Math.max(0, Math.min(rows.length - 1, at + by))];
    next?.focus();
    if (next) this.#show(next);
  }

  /** Return the customer's entry that is chosen, or their last one. */
  get chosen() {
    const seq = Number(document.activeElement?.closest?.(".row")?.dataset.seq);
    const entries = this.thread.entries;
    const chosen = entries.find((one) => one.seq === seq);
    return chosen?.author === "customer" ? chosen : entries.findLast((one) => one.author === "customer");
  }

  #changed({ older, fresh = [], anew }) {
    const anchor = this.#anchor();
    if (anew) this.#rows.clear();
    for (const one of fresh) this.#heard(one);
    this.#draw();
    if (anew) this.#begin();
    else if (this.#atEnd) this.#bottom();
    else if (older) this.#hold(anchor);
    this.#pill();
    this.#settle();
  }

  #begin() {
    if (this.wanted) { const seq = this.wanted; this.wanted = 0; this.goTo(seq); return; }
    const line = this.list.querySelector(".unread");
    if (line && this.thread.mine) { this.#show(line, 0); this.#atEnd = this.#isAtEnd(); } else this.#bottom();
  }

  #heard(entry) {
    this.thread.company.said(entry);
    if (entry.kind === "event") return;
    if (rowKind(entry) === "me" || entry.author_id === state.me?.id) return;
    if (!this.#atEnd) this.#fresh += 1;
    announce(`${speaker(entry, customerName(this.thread.detail))}: ${entry.text || "sent a file"}`);
  }

  // --- rows

  #draw() {
    if (!this.thread.entries.length && !this.thread.detail) return;
    const wanted = this.#wanted();
    let place = null;
    for (const [key, make] of wanted) {
      const node = make();
      const next = place ? place.nextSibling : this.list.firstChild;
      if (next !== node) this.list.insertBefore(node, next);
      place = node;
      wanted.set(key, node);
    }
    while (place ? place.nextSibling : this.list.firstChild) (place ? place.nextSibling : this.list.firstChild).remove();
    for (const key of this.#rows.keys()) if (!wanted.has(key)) this.#rows.delete(key);
    if (!wanted.size) this.list.append(h("li.quiet.nothing", "Nothing has been said yet."));
  }

  /** Return the rows in order: key -> function that returns the node. */
  #wanted() {
    const { entries, detail } = this.thread;
    const customer = customerName(detail ?? { id: this.thread.id });
    const seen = entries.findLast((one) => one.seq <= this.thread.customerRead && outward(one))?.seq;
    this.#unread();
    const wanted = new Map();
    const divide = (key, make) => wanted.set(key, () => this.#keep(key, null, "", make));
    let before = null;
    for (const [at, entry] of entries.entries()) {
      const begins = !before || dayOf(before) !== dayOf(entry);
      if (begins) divide(`day ${dayOf(entry)}`, () => h("li.day", h("h2", day(entry.created_at))));
      if (entry.seq === this.#divider) divide("unread", () => h("li.unread", h("span", "New")));
      const shown = { start: begins || entry.seq === this.#divider || starts(before, entry), seen: entry.seq === seen, pressed: pressed(entries, at), customer, named: Boolean(detail?.customer_name) };
      wanted.set(entry.seq, () => this.#keep(entry.seq, entry, JSON.stringify(shown), () => row(entry, shown, this.actions)));
      before = entry;
    }
    for (const held of outbox.of(this.thread.id)) {
      if (!this.thread.atEnd || entries.some((one) => one.client_id === held.stored)) continue;
      wanted.set(held.client_id, () => this.#keep(held.client_id, null, JSON.stringify(held), () => pendingRow(held, this.actions)));
    }
    return wanted;
  }

  /** Return the node that is there if nothing about it changed, otherwise a new one; the focus goes with it. */
  #keep(key, entry, look, make) {
    const known = this.#rows.get(key);
    if (known && known.entry === entry && known.look === look) return known.node;
    const node = make();
    if (known?.node.contains(document.activeElement)) {
      known.node.replaceWith(node);
      if (node.tabIndex >= -1 && node.hasAttribute("tabindex")) node.focus({ preventScroll: true });
    }
    this.#rows.set(key, { node, entry, look });
    return node;
  }

  /** Decide once where "New" stands: before the first thing of the customer's that no agent has read. */
  #unread() {
    const { readBefore, entries, detail } = this.thread;
    if (this.#divider || !detail || !entries.length) return;
    const first = entries.find((one) => one.seq > readBefore && one.author === "customer");
    this.#divider = readBefore > 0 && first ? first.seq : -1;
  }

  #typing() {
    const { company } = this.thread;
    const writing = company.writing.filter((one) => !one.note).map((one) => one.name);
    const text = company.customerTypes ? `${customerName(this.thread.detail)} is typing` : writing.length ? `${writing.join(", ")} is writing a reply` : "";
    this.typing.hidden = !text;
    this.typing.lastElementChild.textContent = text;
    if (this.#atEnd) this.#bottom();
  }

  // --- where we are

  #isAtEnd() { return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR; }
  #bottom() { this.scroller.scrollTop = this.scroller.scrollHeight; this.#fresh = 0; this.#pill(); }

  async #scrolled() {
    const end = this.#isAtEnd() && this.thread.atEnd;
    // What grows or shrinks by itself also scrolls; only the reader leaves the end.
    if (end || Date.now() - this.#meant < MEANT) this.#atEnd = end;
    else if (this.#atEnd) this.#bottom();
    if (this.#atEnd) { this.#fresh = 0; this.#settle(); }
    this.#pill();
    if (this.#loading || !this.thread.entries.length) return;
    if (this.scroller.scrollTop < TOP && this.thread.first > 1) await this.#load(() => this.thread.loadOlder(), this.older);
    else if (!this.thread.atEnd && this.#isAtEnd()) await this.#load(() => this.thread.catchUp({ all: false }));
  }

  async #load(read, sign = null) {
    this.#loading = true;
    if (sign) sign.hidden = false;
    try { await read(); } catch (error) { toast(error.message, { kind: "error" }); }
    if (sign) sign.hidden = true;
    this.#loading = false;
  }

  /** Bring a row into view, at this share of the height, or with as little scrolling as possible; nothing else moves. */
  #show(node, share = null) {
    const box = this.scroller.getBoundingClientRect(), row_ = node.getBoundingClientRect();
    const above = row_.top - box.top, below = row_.bottom - box.bottom;
    if (share !== null) this.scroller.scrollTop += above - (box.height - row_.height) * share;
    else if (above < 0) this.scroller.scrollTop += above - 12;
    else if (below > 0) this.scroller.scrollTop += below + 12;
  }

  /** Return the first row that can be seen, and where it is. */
  #anchor() {
    const { top } = this.scroller.getBoundingClientRect();
    const rows = this.list.querySelectorAll(".row[data-seq]");
    let low = 0, high = rows.length - 1; // rows are in order, so half of the rest is left out each time
    while (low < high) {
      const half = (low + high) >> 1;
      if (rows[half].getBoundingClientRect().bottom > top) high = half; else low = half + 1;
    }
    return rows[low] && { node: rows[low], top: rows[low].getBoundingClientRect().top };
  }

  #hold(anchor) {
    if (anchor?.node.isConnected) this.scroller.scrollTop += anchor.node.getBoundingClientRect().top - anchor.top;
  }

  #pill() {
    const away = !this.#atEnd && !this.#isAtEnd();
    this.more.hidden = !away && this.thread.atEnd;
    this.more.classList.toggle("news", this.#fresh > 0);
    this.more.lastElementChild.textContent = this.#fresh ? `${this.#fresh} new message${this.#fresh === 1 ? "" : "s"}` : "Newest";
  }

  #settle() { if (this.#atEnd && !document.hidden) this.thread.markRead(); }
}

customElements.define("desk-transcript", Transcript);
