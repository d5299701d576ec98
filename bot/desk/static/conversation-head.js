// The head of a conversation: who it is, whose it is, who else is here, and what can be done with it.

import { api } from "./api.js";
import { dialog, fill, h, icon, iconButton } from "./dom.js";
import { channelName, customerName, due, fullTime, initials, tone } from "./format.js";
import { readable } from "./keys.js";
import { MOVES } from "./moves.js";
import { replyWindow, standing } from "./standing.js";
import { may, on, state } from "./store.js";

const EVERY = 20_000; // milliseconds between looks at the clock
const FIRST = ["claim", "take", "resolve"];

class ConversationHead extends HTMLElement {
  #place = 0;
  #roomy = true;
  #ends = [];

  connectedCallback() {
    this.name = h("h1.who", { dir: "auto" });
    this.about = h("p.about.quiet");
    this.face = h("span.face", { "aria-hidden": "true" });
    this.viewers = h("ul.viewers", { "aria-label": "Also here", hidden: true });
    this.buttons = h("div.moves", { role: "group", "aria-label": "With this conversation" });
    this.others = h("div.also", { role: "group", "aria-label": "More to do" });
    this.state = h("div.standing", { role: "status" });
    this.task = h("div.task", { hidden: true });
    const back = iconButton("back", "Back to the list", () => this.dispatchEvent(new Event("back", { bubbles: true })));
    fill(this, h("header.head", h("span.back", back), this.face, h("div.head-about", this.name, this.about), this.viewers, this.buttons), h("div.line-under", this.state, this.others), this.task);
  }

  disconnectedCallback() { for (const end of this.#ends.splice(0)) end(); }

  /** Show the head of this thread; `toggle` shows or hides what is known of the customer. */
  show(thread, moves, toggle) {
    Object.assign(this, { thread, moves, toggle });
    const heard = { detail: () => this.#draw(), orders: () => this.thread.detail && this.#who(), entries: () => this.#standing(), company: () => this.#company() };
    for (const [name, listener] of Object.entries(heard)) {
      thread.addEventListener(name, listener);
      this.#ends.push(() => thread.removeEventListener(name, listener));
    }
    const timer = setInterval(() => { this.#standing(); this.#where(); }, EVERY);
    this.#ends.push(() => clearInterval(timer), on("counts", () => this.#where()));
  }

  /** Say how much room there is: without, all moves but the first are in a menu. */
  fit(roomy) {
    if (roomy === this.#roomy) return;
    this.#roomy = roomy;
    if (this.thread?.detail) this.#moves();
  }

  /** Show whether the packet is open; null where it opens as a sheet. */
  pressed(open) {
    const button = this.buttons.querySelector(".panel-toggle");
    if (open === null) button?.removeAttribute("aria-pressed"); else button?.setAttribute("aria-pressed", String(open));
    this.#open = open;
  }
  #open = null;

  #draw() {
    this.#who();
    this.#moves();
    this.#standing();
    this.#taskLine();
    this.#where();
  }

  #who() {
    const { detail } = this.thread;
    const name = customerName(detail);
    this.name.textContent = name;
    fill(this.face, detail.customer_name ? initials(name) : icon("mine"));
    this.face.dataset.tone = tone(name);
    const tier = this.thread.known.profile?.tier;
    fill(this.about, h("span", channelName(detail.channel)), tier && tier !== "standard" && h("span.tier", icon("star"), tier),
      detail.language && detail.language !== "en" && h("span", `Language ${detail.language}`));
  }

  #moves() {
    const { detail } = this.thread;
    const can = Object.keys(MOVES).filter((name) => this.moves.can(name));
    const key = [...can, detail.owner, this.#roomy].join();
    if (this.buttons.dataset.key === key) return; // the button that has the focus stays
    this.buttons.dataset.key = key;
    const had = this.buttons.contains(document.activeElement) || this.others.contains(document.activeElement);
    const first = FIRST.find((name) => can.includes(name));
    const others = ["transfer", "release", "resolve"].filter((name) => name !== first && can.includes(name));
    fill(this.others, this.#roomy && others.map((name) => this.#other(name)));
    fill(this.buttons, !this.#roomy && others.length > 0 && iconButton("more", "More to do", () => this.#menu(others), { name: "more-moves" }), iconButton("panel", "About the customer", () => this.toggle(), { key: "I", name: "panel-toggle" }), first && this.#first(first, detail));
    if (had) this.buttons.lastElementChild?.focus();
    this.pressed(this.#open);
  }

  #first(name, detail) {
    return h(`button.button.primary.move-${name}`, { type: "button", title: `${MOVES[name].title} (${readable(MOVES[name].key)})`, onclick: () => this.moves.run(name) },
      icon(MOVES[name].shape), MOVES[name].label(detail));
  }

  #other(name) {
    return h(`button.text-button.move-${name}`, { type: "button", title: `${MOVES[name].title} (${readable(MOVES[name].key)})`, onclick: () => this.moves.run(name) }, icon(MOVES[name].shape), MOVES[name].label(this.thread.detail));
  }

  /** Offer on a small screen what has no room in the head. */
  async #menu(names) {
    const name = await dialog({ title: "This conversation", name: "small", build: (close) => h("div.dialog-body.menu", names.map((one) =>
      h("button.button", { type: "button", onclick: () => close(one) }, icon(MOVES[one].shape), MOVES[one].title))) });
    if (name) this.moves.run(name);
  }

  #standing() {
    const { detail, entries } = this.thread;
    if (!detail) return;
    const { kind, text, more } = standing(detail, entries, this.#place);
    const left = replyWindow(detail);
    const key = JSON.stringify([kind, text, more, left]);
    if (this.state.dataset.key === key) return;
    this.state.dataset.key = key;
    this.dataset.standing = kind;
    fill(this.state, h("span.dot"), h("strong", text), more && h("span.quiet", more),
      left && h(`span.tag.window${left.kind ? "." + left.kind : ""}`, { title: fullTime(detail.reply_until) }, icon("clock"), left.text));
  }

  #taskLine() {
    const { task } = this.thread.detail;
    this.task.hidden = !task;
    if (!task) return;
    const late = task.due_at && new Date(task.due_at) < Date.now();
    fill(this.task, icon("work"), h("div", h("strong", TASKS[task.kind] ?? "To do"), task.text && h("p", { dir: "auto" }, task.text),
      task.due_at && h(`span.quiet${late ? ".late" : ""}`, { title: fullTime(task.due_at) }, late ? `Was due ${due(task.due_at)}` : `Due ${due(task.due_at)}`)),
      may("answer") && h("button.button", { type: "button", onclick: () => this.moves.closeTask() }, "Mark as done"));
  }

  /** Ask for the place in the queue. */
  async #where() {
    const { thread } = this;
    if (thread.detail?.owner !== "queue") { this.#place = 0; return; }
    try {
      const { conversations } = await api.get("/conversations", { owner: "queue", limit: 100 });
      this.#place = conversations.findIndex((one) => one.id === thread.id) + 1;
      if (this.isConnected) this.#standing();
    } catch { /* the place is left out */ }
  }

  #company() {
    const { company } = this.thread;
    const writing = new Map(company.writing.map((one) => [one.id, one]));
    const here = new Map([...company.viewing, ...writing.values()].map((one) => [one.id, one]));
    this.viewers.hidden = !here.size;
    fill(this.viewers, [...here.values()].map((one) => {
      const does = !writing.has(one.id) ? "is looking" : writing.get(one.id).note ? "writes a note" : "writes a reply";
      const name = one.name || state.agents.get(one.id)?.name || "Somebody";
      return h(`li${writing.has(one.id) ? ".writes" : ""}`, { title: `${name} ${does}` }, h("span.face", { dataset: { tone: tone(name) }, "aria-hidden": "true" }, initials(name)), h("span.sr", `${name} ${does}`));
    }));
  }
}

const TASKS = { message: "Left a message", message_left: "Left a message", callback: "Wants a callback", follow_up: "Follow-up" };

customElements.define("desk-conversation-head", ConversationHead);
