// What of a list is to be seen: team, channel, reason, unread. Kept for each view until the tab is closed.

import { fill, h } from "./dom.js";
import { CHANNELS, REASONS } from "./format.js";
import { on, state } from "./store.js";

const kept = new Map();
const NONE = { team: "", channel: "", reason: "", unread: "" };

/** Fires `change` when something else is wanted, `leave` at Escape; `values` is what to send to the server. */
class Filters extends HTMLElement {
  connectedCallback() {
    this.hidden = true;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Filters");
    this.addEventListener("keydown", (event) => this.#key(event));
    this.#end = on("agents", () => this.#teams());
  }
  #end = null;

  disconnectedCallback() { this.#end?.(); }

  get values() { return Object.fromEntries(Object.entries(kept.get(this.view) ?? NONE).filter(([, value]) => value)); }
  get count() { return Object.keys(this.values).length; }

  show(view) {
    this.view = view;
    const now = kept.get(view) ?? NONE;
    this.team = this.#select("team", "Team", []);
    this.unread = h("input", { type: "checkbox", checked: now.unread === "1", onchange: () => this.#set("unread", this.unread.checked ? "1" : "") });
    fill(this, this.team.label, this.#select("channel", "Channel", Object.entries(CHANNELS)).label, this.#select("reason", "Reason", Object.entries(REASONS)).label,
      h("label.check", this.unread, "Unread"),
      h("button.text-button", { type: "button", onclick: () => this.clear() }, "Clear"));
    this.#teams();
    this.hidden = !this.count;
  }

  /** Show or hide; with `open`, show and go to the first field. */
  toggle(open = this.hidden) {
    this.hidden = !open;
    if (open) [...this.querySelectorAll("select")].find((one) => one.offsetParent)?.focus();
  }

  clear() {
    kept.delete(this.view);
    this.show(this.view);
    this.hidden = true;
    this.dispatchEvent(new Event("change"));
  }

  #key(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (!this.count) this.hidden = true;
    this.dispatchEvent(new Event("leave"));
  }

  #select(name, title, options) {
    const now = (kept.get(this.view) ?? NONE)[name];
    const select = h("select", { onchange: () => this.#set(name, select.value) }, h("option", { value: "" }, title === "Reason" ? "Any reason" : `All ${title.toLowerCase()}s`), options.map(([value, text]) => h("option", { value }, text)));
    select.value = now;
    return { select, label: h("label", h("span.sr", title), select) };
  }

  #teams() {
    if (!this.team) return;
    const { select } = this.team;
    const now = (kept.get(this.view) ?? NONE).team;
    const teams = [...new Set([state.me?.team, now, ...[...state.agents.values()].map((one) => one.team)].filter(Boolean))].sort();
    this.team.label.hidden = !teams.length;
    fill(select, select.options[0], ...teams.map((team) => h("option", { value: team }, team)));
    select.value = now;
  }

  #set(name, value) {
    kept.set(this.view, { ...NONE, ...kept.get(this.view), [name]: value });
    this.dispatchEvent(new Event("change"));
  }
}

customElements.define("desk-filters", Filters);
