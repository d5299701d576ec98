// The list of canned replies that opens while one types "/" and a few letters in the composer.

import { announce, fill, h } from "./dom.js";
import { cannedReplies, matching, option } from "./canned.js";

const TYPED = /(^|\s)\/([^\s/]*)$/;

export class Slash {
  #area;
  #found = [];
  #at = 0;
  #closed = "";
  #waits = false; // for the replies to be read: "/hello" and Enter at once must not go to the customer
  #language = () => "";

  /** Watch `area`; `choose(reply, start)` is called with where the "/" stands. */
  constructor(area, { choose, language }) {
    this.#area = area;
    this.choose = choose;
    this.#language = language;
    this.node = h("ul.slash", { id: "slash-found", role: "listbox", "aria-label": "Canned replies", hidden: true });
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-controls", "slash-found");
    area.addEventListener("blur", () => this.close());
  }

  get open() { return !this.node.hidden; }

  /** Look at what stands before the caret. */
  look() {
    const typed = this.#typed();
    if (!typed || typed[0] === this.#closed) { if (!typed) this.#closed = ""; this.close(); return; }
    this.#waits = true;
    cannedReplies().then(() => this.#search(), () => this.close()).finally(() => (this.#waits = false));
  }

  /** Take a key; returns whether it was meant for the list. */
  key(event) {
    if (!this.open) return this.#waits && event.key === "Enter" && this.#typed() != null;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { this.#at = (this.#at + by + this.#found.length) % this.#found.length; this.#show(); return true; }
    if (event.key === "Enter" || event.key === "Tab") { this.#take(this.#found[this.#at]); return true; }
    if (event.key === "Escape") { this.#closed = this.#typed()?.[0] ?? ""; this.close(); return true; }
    return false;
  }

  close() {
    this.node.hidden = true;
    this.#area.removeAttribute("aria-activedescendant");
  }

  #typed() { return this.#area.selectionStart === this.#area.selectionEnd ? TYPED.exec(this.#area.value.slice(0, this.#area.selectionStart)) : null; }

  #search() {
    const typed = this.#typed();
    const found = typed ? matching(typed[2], this.#language()) : [];
    if (!found.length) return this.close();
    if (!this.open) announce(`${found.length} canned replies`);
    this.#found = found;
    this.#at = 0;
    this.#show();
  }

  #show() {
    this.node.hidden = false;
    fill(this.node, this.#found.map((one, i) => option(one, i === this.#at, () => this.#take(one))));
    this.#area.setAttribute("aria-activedescendant", `canned-${this.#found[this.#at].id}`);
    this.node.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  #take(reply) {
    const typed = this.#typed();
    this.close();
    this.choose(reply, typed ? typed.index + typed[1].length : this.#area.selectionStart);
  }
}
