// The frame around everything: the rail, the list of the chosen view, and beside it what was chosen.

import "./banner.js";
import "./conversation.js";
import "./inbox.js";
import "./rail.js";
import { startAlerts } from "./alerts.js";
import { api } from "./api.js";
import { calm } from "./calm.js";
import { confirmed, fill, h, icon, toast } from "./dom.js";
import { lasting } from "./format.js";
import { help } from "./help.js";
import { command, readable } from "./keys.js";
import { readPage } from "./listing.js";
import { palette } from "./palette.js";
import { preferences } from "./prefs.js";
import { search } from "./search.js";
import { emit, go, loadAgents, loadCounts, may, on, route, signOut, state } from "./store.js";
import { sections, viewOf, VIEWS } from "./views.js";

const MOVES_TO_MINE = ["claim", "take"];
const phone = matchMedia("(max-width: 760px)");

class Shell extends HTMLElement {
  #ends = [];
  #view = "queue";

  connectedCallback() {
    this.inbox = h("desk-inbox");
    this.stage = h("section.stage", { "aria-label": "Conversation", tabIndex: -1 });
    this.main = h("main.panes", this.inbox, this.stage);
    fill(this, h("desk-rail"), h("desk-banner"), this.main, h("desk-bar"));
    const clock = setInterval(() => this.#resting(), 10_000);
    const counts = calm(() => loadCounts().catch(() => null));
    const agents = calm(() => loadAgents().catch(() => null));
    this.addEventListener("back", () => this.#back());
    this.addEventListener("moved", ({ detail }) => this.#moved(detail));
    this.#ends = [
      on("route", () => this.#show()), on("hint", ({ kind }) => kind !== "typing" && kind !== "viewing" && counts()),
      on("work", counts), on("counts", () => this.#resting()), on("resync", () => { counts(); agents(); }),
      () => clearInterval(clock), () => counts.cancel(), () => agents.cancel(), startAlerts(), ...this.#commands(),
    ];
    counts();
    agents();
    this.#show();
  }

  disconnectedCallback() { for (const end of this.#ends.splice(0)) end(); }

  #show() {
    const { view, id, seq } = route();
    this.dataset.pane = viewOf(view) ? (id ? "one" : "list") : "page";
    if (viewOf(view)) this.#conversations(view, id, seq);
    else if (view === "admin") this.#page("desk-admin", { section: id || sections()[0]?.id }, "Administration");
    else if (view === "me") this.#page("desk-me", {}, "Your profile");
    else go("queue");
  }

  #conversations(view, id, seq) {
    this.#view = view;
    this.inbox.hidden = false;
    this.inbox.show(view, id);
    this.stage.setAttribute("aria-label", "Conversation");
    const shown = this.stage.firstElementChild;
    if (!id) { this.#rest(); return; }
    const there = shown?.localName === "desk-conversation" ? shown : null;
    if (there && (!seq || there.getAttribute("conversation") === id)) {
      if (seq) there.setAttribute("seq", seq); else there.removeAttribute("seq");
      if (there.getAttribute("conversation") !== id) there.setAttribute("conversation", id);
    } else fill(this.stage, h("desk-conversation", { conversation: id, ...(seq ? { seq } : {}) }));
    if (phone.matches && !this.stage.contains(document.activeElement)) this.stage.focus({ preventScroll: true });
  }

  #page(name, attributes, label) {
    this.inbox.hidden = true;
    this.stage.setAttribute("aria-label", label);
    const shown = this.stage.firstElementChild;
    if (shown?.localName !== name) fill(this.stage, h(name, attributes));
    else for (const [key, value] of Object.entries(attributes)) if (shown.getAttribute(key) !== value) shown.setAttribute(key, value);
  }

  // --- while no conversation is open

  #rest() {
    this.rest = h("div.rest");
    fill(this.stage, this.rest);
    this.#resting();
  }

  #resting() {
    if (!this.rest?.isConnected) return;
    const { queue = 0, oldest_waiting_since: oldest } = state.counts;
    const seconds = oldest ? (Date.now() - new Date(oldest)) / 1000 : 0;
    const wait = seconds < 60 ? "less than a minute" : lasting(seconds);
    const key = `${queue} ${wait}`;
    if (this.rest.dataset.key === key) return;
    this.rest.dataset.key = key;
    const keys = [...(queue && may("answer") ? [["c", "claim the first"]] : []), ["j", "next"], ["k", "previous"], ["enter", "open"], ["mod+k", "everything else"]];
    fill(this.rest, icon(queue ? "bell" : "chat"),
      h("h2", queue ? `${queue} ${queue === 1 ? "customer is" : "customers are"} waiting` : "All is quiet"),
      h("p", queue && oldest ? `The longest wait is ${wait}.` : "Choose a conversation from the list to read it here."),
      queue > 0 && h("button.button.primary", { type: "button", onclick: () => this.#first() }, "Open the first one"),
      h("p.rest-keys", keys.map(([key_, text]) => h("span", h("kbd", readable(key_)), ` ${text}`))));
  }

  async #first() {
    try {
      const { conversations } = await readPage({ owner: "queue", limit: 1 });
      if (conversations.length) go("queue", conversations[0].id);
    } catch { go("queue"); }
  }

  /** Claim who waits first; who was slower gets the next one. */
  async #claimFirst() {
    const { conversations } = await api.get("/conversations", { owner: "queue", limit: 5 });
    for (const { id } of conversations) {
      try {
        await api.post(`/conversations/${id}/claim`);
        emit("work");
        return go("mine", id);
      } catch (error) { if (error.status !== 409) throw error; }
    }
    toast("Nobody is waiting.");
  }

  // --- what happens in a conversation

  #back() {
    const { view } = route();
    go(viewOf(view) ? view : this.#view);
    requestAnimationFrame(() => this.inbox.focusList());
  }

  #moved({ name, conversation }) {
    emit("work");
    const { view, id } = route();
    if (id !== conversation.id) return;
    if (MOVES_TO_MINE.includes(name)) go("mine", id);
    else if (phone.matches && viewOf(view)) this.#back();
  }

  // --- commands

  #commands() {
    const here = () => Boolean(state.me);
    const views = VIEWS.map((view) => command({ id: `view-${view.id}`, title: `Go to ${view.title}`, group: "Go to", keys: view.keys, when: here, run: () => { go(view.id); requestAnimationFrame(() => this.inbox.focusList()); } }));
    const parts = sections().map((one) => command({ id: `admin-${one.id}`, title: one.title, group: "Administration", when: here, run: () => go("admin", one.id) }));
    const one = (id, title, keys, run, more = {}) => command({ id, title, keys, run, when: here, ...more });
    return [...views, ...parts,
      one("claim-first", "Claim the first in the queue", "c", () => this.#claimFirst().catch((error) => toast(error.message, { kind: "error" })), { group: "Go to", when: () => here() && may("answer") && !route().id }),
      one("first", "Open the first in the queue", "o", () => this.#first(), { group: "Go to" }),
      one("search", "Search messages and customers", "/", () => search(), { words: "find" }),
      one("palette", "Do anything", "mod+k", palette, { typing: true }),
      one("help", "Keys and help", "?", help, { words: "shortcuts keyboard" }),
      one("settings", "Settings", ",", preferences, { words: "preferences theme sound notifications dark light" }),
      one("profile", "Your profile and security", "", () => go("me"), { group: "Me", words: "password codes sessions" }),
      one("sign-out", "Sign out", "", async () => { if (await confirmed("Sign out?", "Your drafts stay in this browser.", { yes: "Sign out" })) signOut(); }, { group: "Me" }),
      one("back", "Back to the list", "escape", () => (phone.matches ? this.#back() : this.inbox.focusList()), { group: "Lists", when: () => Boolean(route().id) && viewOf(route().view) }),
    ];
  }
}

customElements.define("desk-shell", Shell);
