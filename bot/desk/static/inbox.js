// The list of one view. It reads on as one scrolls, keeps its place while conversations come, change and go, and is
// worked through with the keyboard.

import "./filters.js";
import { announce, fill, h, icon, iconButton } from "./dom.js";
import { customerName, few } from "./format.js";
import { command } from "./keys.js";
import { Listing } from "./listing.js";
import { Row } from "./row.js";
import { go, on, state } from "./store.js";
import { EMPTY, viewOf } from "./views.js";

const NEAR_END = 600; // pixels before the end at which the next page is read
const STILL = 1200; // milliseconds for which the order stays when the pointer has moved over the list

class Inbox extends HTMLElement {
  #rows = new Map();
  #ends = [];
  #moved = 0;
  #late = 0;

  connectedCallback() {
    this.setAttribute("role", "region");
    this.title_ = h("h1");
    this.count = h("span.quiet");
    this.filters = h("desk-filters");
    this.button = iconButton("filter", "Filter", () => this.filters.toggle(), { key: "F", name: "filter-button" });
    this.list = h("ol.rows", { role: "list" });
    this.foot = h("div.list-foot");
    this.scroller = h("div.list-body", this.list, this.foot);
    fill(this, h("header.list-head", this.title_, this.count, this.button), this.filters, this.scroller);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("pointermove", () => (this.#moved = Date.now()), { passive: true });
    this.filters.addEventListener("change", () => this.#begin());
    this.filters.addEventListener("leave", () => this.focusList());
    const clocks = setInterval(() => this.#tick(), 1000);
    this.#ends = [() => clearInterval(clocks), on("viewers", (id) => this.#one(id)), on("counts", () => this.#head()), on("me", (me) => me && this.#draw()), ...this.#commands()];
  }

  disconnectedCallback() {
    for (const end of this.#ends) end();
    this.listing?.close();
    this.listing = null;
  }

  /** Show a view, with the conversation that is open beside it. */
  show(view, id) {
    this.open_ = id;
    if (view !== this.view) {
      this.view = view;
      this.filters.show(view);
      this.#begin();
    } else this.#draw();
  }

  /** Put the focus on the open conversation's row, or on the first. */
  focusList() { (this.#linkOf(this.open_) ?? this.list.querySelector("a"))?.focus(); }

  /** Return the conversation after (1) or before (-1) the open one, or null. */
  neighbour(step) {
    const ids = this.#shown.map((row) => row.id);
    return ids[ids.indexOf(this.open_) + step] ?? null;
  }

  #shown = []; // the rows as they stand on the screen

  #begin() {
    this.listing?.close();
    this.#rows.clear();
    this.#shown = [];
    this.scroller.scrollTop = 0;
    this.listing = new Listing(this.view, this.filters.values);
    this.listing.addEventListener("change", () => this.#draw());
    this.listing.open();
    this.#draw();
  }

  #draw() {
    if (!this.listing) return;
    this.#head();
    this.button.classList.toggle("on", this.filters.count > 0);
    const { loaded, rows, error } = this.listing;
    this.setAttribute("aria-busy", String(!loaded && !error));
    if (!loaded) { fill(this.list, ...(error ? [] : skeletons())); this.#end(); return; }
    this.#shown = this.#inOrder(rows);
    this.#place();
    this.#end();
    if (!error) this.#scrolled(); // also when the page that was read does not fill the place that is left
  }

  #head() {
    const view = viewOf(this.view);
    if (!view) return;
    this.title_.textContent = view.title;
    this.setAttribute("aria-label", view.title);
    const all = state.counts[view.count];
    this.count.textContent = this.filters.count ? "filtered" : all > 0 ? few(all) : "";
  }

  /** Return the rows in the server's order; while a hand is on the list, those that are there keep their order. */
  #inOrder(rows) {
    clearTimeout(this.#late);
    const still = this.#moved + STILL - Date.now();
    if (still <= 0 || !this.#shown.length || !this.list.matches(":hover")) return rows;
    this.#late = setTimeout(() => this.#draw(), still + 50);
    const fresh = new Map(rows.map((row) => [row.id, row]));
    const kept = this.#shown.filter((row) => fresh.has(row.id)).map((row) => fresh.get(row.id));
    const known = new Set(kept.map((row) => row.id));
    return [...kept, ...rows.filter((row) => !known.has(row.id))];
  }

  /** Bring the elements into the order of the rows; nothing is moved that need not be, so the focus stays. */
  #place() {
    const had = this.list.contains(document.activeElement) ? document.activeElement : null;
    const wanted = new Set(this.#shown.map((row) => row.id));
    for (const [id, row] of this.#rows) if (!wanted.has(id)) this.#rows.delete(id);
    for (const node of [...this.list.children]) if (!wanted.has(node.dataset.id)) node.remove();
    let before = this.list.firstElementChild;
    for (const data of this.#shown) {
      const row = this.#rowOf(data);
      if (row.node === before) before = before.nextElementSibling;
      else this.list.insertBefore(row.node, before);
    }
    this.#focusAgain(had);
  }

  #rowOf(data) {
    if (!this.#rows.has(data.id)) {
      const row = new Row(this.view);
      row.node.dataset.id = data.id;
      this.#rows.set(data.id, row);
    }
    const row = this.#rows.get(data.id);
    row.update(data, data.id === this.open_);
    return row;
  }

  /** A row that had the focus may have been moved, or may have gone: then the one in its place gets it. */
  #focusAgain(had) {
    if (!had || had === document.activeElement) return;
    if (had.isConnected) had.focus({ preventScroll: true });
    else (this.list.children[Math.min(this.#index, this.list.children.length - 1)]?.firstElementChild ?? this.scroller).focus({ preventScroll: true });
  }
  #index = 0;

  #one(id) {
    const row = this.#rows.get(id);
    if (row) row.update(row.data, id === this.open_);
  }

  #tick() {
    if (document.hidden) return;
    const now = Date.now();
    for (const row of this.#rows.values()) row.tick(now);
  }

  // --- the end of the list: what is missing, wrong, or empty

  #end() {
    const { loaded, rows, error, more, reading } = this.listing;
    const key = JSON.stringify([this.view, loaded, rows.length > 0, error?.message, more, reading, this.filters.count, state.me?.state]);
    if (key === this.foot.dataset.key) return;
    this.foot.dataset.key = key;
    if (error) fill(this.foot, h("div.empty", icon("warn"), h("h2", "The list could not be read"), h("p", error.message), h("button.button", { type: "button", onclick: () => this.listing.refresh() }, "Try again")));
    else if (loaded && !rows.length) fill(this.foot, this.filters.count ? this.#nothing() : this.#empty());
    else fill(this.foot, reading && h("p.quiet", "Loading more…"));
    this.scroller.tabIndex = rows.length ? -1 : 0;
  }

  #nothing() {
    return h("div.empty", icon("filter"), h("h2", "Nothing fits the filters"), h("button.button", { type: "button", onclick: () => this.filters.clear() }, "Clear the filters"));
  }

  #empty() {
    const { title, text, view, action } = EMPTY[this.view];
    return h("div.empty", icon(viewOf(this.view).shape), h("h2", title), h("p", text), view && h("button.button", { type: "button", onclick: () => go(view) }, action));
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < NEAR_END) this.listing?.next();
  }

  // --- keys

  #commands() {
    const one = (id, title, keys, run, more = {}) => command({ id, title, keys, run, group: "Lists", when: () => this.offsetParent !== null || Boolean(this.open_), ...more });
    return [
      one("next", "Next conversation", "j", () => this.#step(1), { repeat: true }),
      one("previous", "Previous conversation", "k", () => this.#step(-1), { repeat: true }),
      one("filter", "Filter the list", "f", () => this.filters.toggle(true)),
      one("refresh", "Read the list anew", "", () => this.listing?.refresh(), { words: "reload" }),
    ];
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const end = { Home: "first", End: "last" }[event.key];
    if ((!step && !end) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (step) this.#focus(this.#at() + step);
    else this.#focus(end === "first" ? 0 : this.#shown.length - 1);
  }

  #at() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.id : this.open_;
    return this.#shown.findIndex((row) => row.id === focused);
  }

  /** In the list the focus moves; beside it, the next conversation is opened. */
  #step(by) {
    const inside = this.list.contains(document.activeElement);
    if (inside || !this.open_) { this.#focus(this.#at() + by); return; }
    const id = this.neighbour(by);
    if (!id) return;
    go(this.view, id);
    announce(customerName(this.#rows.get(id)?.data));
    this.#linkOf(id)?.scrollIntoView({ block: "nearest" });
  }

  #focus(index) {
    const link = this.list.children[Math.max(0, Math.min(index, this.#shown.length - 1))]?.firstElementChild;
    this.#index = index;
    link?.focus({ preventScroll: true });
    link?.scrollIntoView({ block: "nearest" });
    this.#scrolled();
  }

  #linkOf(id) { return this.#rows.get(id)?.link ?? null; }
}

const skeletons = () => Array.from({ length: 7 }, (_, i) => h("li.case.ghost", { "aria-hidden": "true", style: { "--width": `${[58, 42, 66, 50][i % 4]}%` } }, h("i"), h("span", h("b"), h("b"), h("b"))));

customElements.define("desk-inbox", Inbox);
