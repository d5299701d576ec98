// A field with what fits below it, in groups: the palette and the search are made of it. The focus stays in the
// field; arrows choose, Enter takes.

import { dialog, fill, h } from "./dom.js";

let number = 0;

/**
 * Open a picker. `look(query, signal)` returns, or resolves to, [{title, options: [{node, run, label}]}]; `idle` is
 * what stands there when nothing was found. Choosing closes it and calls the option's `run`. With `again`, nothing is
 * looked for again after so many milliseconds, a few times: what was just written may not be found yet.
 */
export function pick({ name, label, placeholder, look, wait = 0, again = 0, idle, query = "" }) {
  let chosen = null;
  return dialog({
    name,
    label,
    build: (close) => new Picker({ label, placeholder, look, wait, again, idle, query, take: (option) => { chosen = option; close(true); } }).node,
  }).then(() => chosen?.run());
}

class Picker {
  #options = [];
  #at = 0;
  #timer = 0;
  #asked = null;
  #found = null;
  #vain = 0;

  constructor(given) {
    Object.assign(this, given);
    const id = `picker-${++number}`;
    this.list = h("div.picker-list", { id, role: "listbox", "aria-label": this.label });
    this.said = h("div.sr", { role: "status" });
    this.field = h("input.picker-field", { type: "text", role: "combobox", value: this.query, placeholder: this.placeholder, autocomplete: "off", spellcheck: false, autofocus: true, enterKeyHint: "go", "aria-label": this.label, "aria-autocomplete": "list", "aria-expanded": "true", "aria-controls": id });
    this.none = h("div.picker-none");
    this.node = h("div.picker", h("div.picker-head", this.field, h("button.text-button.picker-close", { type: "button", onclick: () => this.node.closest("dialog").close() }, "Close")), this.list, this.none, this.said);
    this.field.addEventListener("input", () => { this.#vain = 0; this.#later(this.wait); });
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("mousemove", (event) => this.#point(event.target.closest("[role=option]")));
    this.list.addEventListener("click", (event) => { const at = this.#index(event.target.closest("[role=option]")); if (at >= 0) this.take(this.#options[at]); });
    this.#begin();
  }

  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), wait);
  }

  #begin() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    return (this.#found = this.#look());
  }

  async #look() {
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    const query = this.field.value.trim();
    this.node.classList.add("looking");
    try {
      const groups = await this.look(query, asked.signal);
      if (asked === this.#asked) this.#show(groups.filter((group) => group.options.length), query);
    } catch (error) {
      if (error.name !== "AbortError" && asked === this.#asked) this.#show([], query, error.message);
    }
    if (asked === this.#asked) this.node.classList.remove("looking");
  }

  #show(groups, query, trouble = "") {
    this.#options = groups.flatMap((group) => group.options);
    let at = 0;
    fill(this.list, ...groups.map((group, i) => {
      const id = `${this.list.id}-g${i}`;
      return h("div.picker-group", { role: "group", "aria-labelledby": id }, h("h3", { id, role: "presentation" }, group.title),
        group.options.map((option) => h("div.picker-option", { role: "option", id: `${this.list.id}-${at++}`, "aria-selected": "false" }, option.node)));
    }));
    this.list.hidden = !groups.length;
    this.list.scrollTop = 0;
    fill(this.none, ...(trouble ? [h("p", trouble)] : groups.length ? [] : [this.idle(query)].flat()));
    this.said.textContent = trouble || (query ? `${this.#options.length} found` : "");
    this.#choose(0);
    if (this.again && query && !groups.length && this.#vain++ < 3 && this.node.isConnected) this.#later(this.again);
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step && !event.altKey) {
      event.preventDefault();
      const last = this.#options.length - 1;
      const to = this.#at + step;
      this.#choose(Math.abs(step) > 1 ? Math.max(0, Math.min(last, to)) : to > last ? 0 : to < 0 ? last : to);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.#enter();
    }
  }

  /** Who types fast means what fits what is in the field now, not what was found before. */
  async #enter() {
    await (this.#timer ? this.#begin() : this.#found);
    if (this.#options[this.#at] && this.node.isConnected) this.take(this.#options[this.#at]);
  }

  #index(node) { return node ? Number(node.id.split("-").at(-1)) : -1; }
  #point(node) { const at = this.#index(node); if (at >= 0 && at !== this.#at) this.#choose(at, false); }

  #choose(at, scroll = true) {
    this.list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    this.#at = at;
    const node = this.list.querySelector(`[id="${this.list.id}-${at}"]`);
    if (!node) { this.field.removeAttribute("aria-activedescendant"); return; }
    node.setAttribute("aria-selected", "true");
    this.field.setAttribute("aria-activedescendant", node.id);
    if (scroll) node.scrollIntoView({ block: "nearest" });
  }
}
