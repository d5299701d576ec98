// People: who is at the desk, what they may do, how safe their sign-in is; administrators add and change them.

import { disable, enable, resetPassword, turnCodesOff } from "./person-moves.js";
import { addPerson, editPerson } from "./person.js";
import { api } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { fullTime, initials, sentence, tone } from "./format.js";
import { nothing, Panel, plain, redraw } from "./panel.js";
import { seen, sessionsOf } from "./sign-ins.js";
import { loadAgents, may, on, state } from "./store.js";

const STATES = { online: "Online", away: "Away", offline: "Offline" };

class People extends Panel {
  follows = "people";

  head() {
    this.search = h("input", { type: "search", placeholder: "Search people", "aria-label": "Search people", oninput: () => this.draw(this.data) });
    this.tally = h("p.quiet", { role: "status" });
    this.list = h("ul.lines", { "aria-label": "People" });
    return h("div.panel-tools", this.search, this.tally,
      may("administer") && h("button.button.primary", { type: "button", onclick: () => this.#add() }, icon("plus"), "Add a person"));
  }

  connectedCallback() {
    super.connectedCallback();
    this.end = on("agents", () => this.data && this.#present());
  }
  disconnectedCallback() { super.disconnectedCallback(); this.end(); }

  async read() { return (await api.get("/agents", { all: 1 })).agents; }

  draw(people) {
    if (!people) return;
    const wanted = plain(this.search.value);
    const found = people.filter((one) => [one.name, one.email, one.team, one.role].some((text) => plain(text).includes(wanted)))
      .sort((a, b) => a.disabled - b.disabled || a.name.localeCompare(b.name));
    const off = people.filter((one) => one.disabled).length;
    this.tally.textContent = `${people.length - off} ${people.length - off === 1 ? "person" : "people"}${off ? `, ${off} disabled` : ""}`;
    redraw(this.list, found.map((one) => this.#row(one)));
    fill(this.body, found.length ? this.list : nothing("people", "Nobody fits", "Try another name, e-mail address, team or role."));
  }

  #present() {
    for (const one of this.data) one.state = state.agents.get(one.id)?.state ?? one.state;
    this.draw(this.data);
  }

  #row(one) {
    const mine = one.id === state.me?.id;
    return h(`li.line-row${one.disabled ? ".is-off" : ""}`, { dataset: { id: one.id } },
      h("span.face", { dataset: { tone: tone(one.name) }, "aria-hidden": "true" }, initials(one.name)),
      h("div.line-main", h("p.line-top", h("b", { dir: "auto" }, one.name), mine && h("span.tag.accent", "You"), one.disabled && h("span.tag.danger", "Disabled")),
        h("p.quiet.line-sub", { dir: "auto" }, one.email)),
      h("div.line-facts", h("span.tag", sentence(one.role)), one.team && h("span.tag", { dir: "auto" }, one.team),
        h(`span.tag${one.totp ? ".good" : ""}`, { title: one.totp ? "Signs in with one-time codes" : "Signs in with the password only" }, icon(one.totp ? "shield" : "key"), one.totp ? "Codes on" : "Password only")),
      this.#seen(one), may("administer") && this.#actions(one, mine));
  }

  #seen(one) {
    if (one.disabled) return h("p.line-when.quiet", "No sign-in");
    if (one.state !== "offline") return h("p.line-when", h("i.presence", { dataset: { state: one.state } }), STATES[one.state]);
    return one.last_seen_at ? h("p.line-when.quiet", "Seen ", h("time", { dateTime: one.last_seen_at, title: fullTime(one.last_seen_at) }, seen(one.last_seen_at))) : h("p.line-when.quiet", "Never seen");
  }

  #actions(one, mine) {
    const item = (shape, text, run, danger = false) => h("li", h(`button.menu-item${danger ? ".is-danger" : ""}`, { type: "button", onclick: () => { menu.hidePopover(); this.#do(run); } }, icon(shape), text));
    const id = `person-${one.id}`;
    const menu = h("ul.row-menu", { id, popover: "auto" },
      item("web", "Sign-ins and tokens", () => sessionsOf(one)),
      !mine && item("key", "Reset the password", () => resetPassword(one)),
      !mine && one.totp && item("shield", "Turn codes off", () => turnCodesOff(one)),
      !mine && (one.disabled ? item("done", "Let in again", () => enable(one)) : item("lock", "Disable", () => disable(one), true)));
    const more = h("button.icon-button", { type: "button", popoverTargetElement: menu, "aria-label": `More about ${one.name}`, title: "More" }, icon("more"));
    menu.addEventListener("toggle", ({ newState }) => { if (newState === "open") place(menu, more); });
    return h("div.line-actions", h("button.button", { type: "button", "aria-label": `Edit ${one.name}`, onclick: () => this.#do(() => editPerson(one)) }, "Edit"), more, menu);
  }

  async #add() { await this.#do(addPerson); }

  async #do(run) {
    if (await run()) { await this.load(); loadAgents().catch(() => null); }
  }
}

/** Put a menu at the button that opened it, inside the window. */
function place(menu, button) {
  const at = button.getBoundingClientRect();
  const below = at.bottom + menu.offsetHeight + 8 < innerHeight;
  menu.style.setProperty("top", `${below ? at.bottom + 4 : Math.max(8, at.top - menu.offsetHeight - 4)}px`);
  menu.style.setProperty("left", `${Math.max(8, at.right - menu.offsetWidth)}px`);
}

customElements.define("desk-admin-people", People);
