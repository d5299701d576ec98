// What the parts of the administration have in common: a head, a body that loads, is empty, or could not be read.

import { calm } from "./calm.js";
import { fill, h, icon } from "./dom.js";
import { on } from "./store.js";

const ghost = (n) => h("li.line-row.ghost", { style: { "--width": `${30 + ((n * 17) % 40)}%` } }, h("i"), h("span", h("b"), h("b")));

/** Return lines that stand where rows will be. */
export const ghosts = (n = 5) => h("div", { role: "status", "aria-label": "Loading" }, h("ul.lines", { "aria-hidden": "true" }, Array.from({ length: n }, (_, i) => ghost(i))));

/** Return what stands where nothing is. */
export const nothing = (shape, title, text, ...actions) => h("div.empty", icon(shape), h("h2", title), h("p", text), actions);

/** Return what is shown when something could not be read, with a way to try again. */
export const failed = (error, again) => h("div.empty", { role: "alert" }, icon("warn"), h("h2", error.offline ? "No connection" : "This could not be read"), h("p", error.message),
  h("button.button", { type: "button", onclick: again }, "Try again"));

/**
 * A part of the administration. Subclasses have `read()` (returns data, may raise ApiError) and `draw(data)`, and
 * may name in `follows` what the hints of the desk call their matter: then they look again when others change it.
 */
export class Panel extends HTMLElement {
  #ends = [];
  #turn = 0;
  follows = "";

  connectedCallback() {
    this.body = h("div.panel-body");
    fill(this, this.head?.(), this.body);
    const again = calm(() => this.load(), { soon: 200 });
    this.#ends = [
      on("hint", ({ kind, data }) => { if (kind === "desk" && this.follows && data?.what === this.follows) again(); }),
      on("resync", () => this.data === undefined && again()), () => again.cancel(),
    ];
    fill(this.body, ghosts());
    this.load();
  }

  disconnectedCallback() { for (const end of this.#ends.splice(0)) end(); }

  /** Read anew and show it; what is on the screen stays if that fails. */
  async load() {
    const turn = ++this.#turn;
    try {
      const data = await this.read();
      if (turn !== this.#turn || !this.isConnected) return;
      this.data = data;
      this.draw(data);
    } catch (error) {
      if (error.name === "AbortError" || turn !== this.#turn) return;
      if (this.data === undefined) fill(this.body, failed(error, () => { fill(this.body, ghosts()); this.load(); }));
    }
  }
}

/** Replace the rows of a list, but leave the focus where it was: on the same control of the same row. */
export function redraw(list, rows) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const row = focused?.closest("[data-id]")?.dataset.id;
  const name = focused?.getAttribute("aria-label") ?? focused?.textContent;
  fill(list, rows);
  if (!row) return;
  const place = list.querySelector(`[data-id="${CSS.escape(row)}"]`) ?? list.querySelector("[data-id]");
  const controls = [...(place?.querySelectorAll("button, a") ?? [])];
  (controls.find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name) ?? controls[0])?.focus();
}

/** Return `text` in plain small letters, for searches in lists. */
export const plain = (text) => String(text ?? "").toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
