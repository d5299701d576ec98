// Opening hours: what holds now, and a week that can be changed without knowing how hours are written.

import { api } from "./api.js";
import { confirmed, fill, h, icon, toast } from "./dom.js";
import { discard } from "./form.js";
import { due, fullTime } from "./format.js";
import { Panel } from "./panel.js";
import { beforeLeaving, may } from "./store.js";
import "./week-editor.js";
import { NAMES, readWeek, wrong, writeWeek } from "./week.js";

class Hours extends Panel {
  follows = "hours";
  #free = null;

  async read() { return api.get("/hours"); }

  draw(view) {
    if (this.editor?.isConnected && this.dirty) { fill(this.now, this.#now(view)); return; }
    this.now = h("section.now-card", { "aria-label": "Now" }, this.#now(view));
    fill(this.body, this.now, this.#form(view));
    this.#changed();
  }

  disconnectedCallback() { super.disconnectedCallback(); this.#free?.(); }

  get dirty() { return writeWeek(this.editor.week) !== this.saved; }

  #now(view) {
    const from = view.source === "desk" ? "Set here." : "From the server's settings.";
    const next = view.opens_at ? h("span", "Opens ", h("time", { dateTime: view.opens_at, title: fullTime(view.opens_at) }, due(view.opens_at)), " your time. ") : "";
    return [h(`span.now-dot${view.open ? ".is-open" : ""}`), h("div", h("h2", view.open ? "Open now" : "Closed now"), h("p", h("b", capital(view.words)), ". ", next, h("span.quiet", from))),
      view.source === "desk" && may("supervise") && h("button.button", { type: "button", onclick: () => this.#reset() }, icon("undo"), "Back to the settings")];
  }

  #form(view) {
    const week = readWeek(view.text) ?? { zone: Intl.DateTimeFormat().resolvedOptions().timeZone, days: NAMES.map(() => []) };
    this.editor = h("desk-week", { onchange: () => this.#changed() });
    this.editor.week = week;
    this.saved = writeWeek(week);
    this.error = h("p.form-error", { role: "alert" });
    this.note = h("p.quiet.save-note", { role: "status" });
    this.undo = h("button.button", { type: "button", onclick: () => { this.editor.week = readWeek(this.saved) ?? week; this.#changed(); } }, "Undo");
    this.button = h("button.button.primary", { type: "submit" }, "Save the hours");
    return h("form.hours-form", { noValidate: true, onsubmit: (event) => { event.preventDefault(); this.#save(); } },
      this.editor, this.error, h("div.save-bar", this.note, this.undo, this.button));
  }

  #changed() {
    const { dirty } = this;
    this.button.disabled = this.undo.disabled = !dirty;
    this.note.textContent = dirty ? "Not saved yet." : "";
    this.error.textContent = "";
    this.#free?.();
    this.#free = dirty ? beforeLeaving(discard) : null;
  }

  async #save() {
    const { week } = this.editor;
    const bad = week.days.findIndex((spans) => wrong(spans));
    const text = writeWeek(week);
    if (bad >= 0 || !text) { this.error.textContent = bad >= 0 ? `${NAMES[bad]}: ${wrong(week.days[bad])}` : "Choose at least one day on which people answer."; return; }
    await this.#put(text, "The hours are saved. Customers are told from now on.");
  }

  async #reset() {
    if (!(await confirmed("Back to the server's settings?", "The hours that were set here are thrown away, and those of the settings hold from now on.", { yes: "Back to the settings", danger: true }))) return;
    await this.#put("", "The hours of the settings hold.");
  }

  async #put(text, said) {
    this.button.disabled = true;
    try {
      const view = await api.put("/hours", { text });
      this.saved = writeWeek(this.editor.week);
      this.draw(view);
      toast(said);
    } catch (error) {
      this.error.textContent = error.message;
      this.button.disabled = false;
    }
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

customElements.define("desk-admin-hours", Hours);
