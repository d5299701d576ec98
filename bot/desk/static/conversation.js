// One conversation: its head with whose it is and what can be done, the transcript, the composer, and the packet card
// beside them, or over them where there is no room.

import "./composer.js";
import "./packet.js";
import "./transcript.js";
import { api } from "./api.js";
import { announce, dialog, fill, h, icon, iconButton, toast } from "./dom.js";
import { correct, uncorrect } from "./correct.js";
import { channelName, clock, customerName, fullTime, initials, tone } from "./format.js";
import { command, readable } from "./keys.js";
import { Moves, MOVES } from "./moves.js";
import { outbox } from "./outbox.js";
import { replyWindow, standing } from "./standing.js";
import { may, on, prefs, setPref } from "./store.js";
import { Thread } from "./thread.js";

const WIDE = 860; // pixels from which the packet has room beside the conversation
const EVERY = 20_000; // milliseconds between looks at the clock

class Conversation extends HTMLElement {
  static observedAttributes = ["conversation", "seq"];
  #ends = [];
  #place = 0;
  #sheet = null;

  connectedCallback() { if (!this.thread) this.#open(); }
  disconnectedCallback() { this.#close(); }
  attributeChangedCallback(name, before, now) {
    if (!this.isConnected || before === now) return;
    if (name === "conversation") { this.#close(); this.#open(); } else if (now) this.transcript?.goTo(Number(now));
  }

  get $id() { return this.getAttribute("conversation"); }

  #open() {
    if (!this.$id) return;
    const seq = Number(this.getAttribute("seq")) || 0;
    this.thread = new Thread(this.$id);
    this.moves = new Moves(this.thread, (name, detail) => this.#moved(name, detail));
    this.#build();
    this.#listen();
    const actions = { edit: (item) => this.composer.restore(item), ...(may("answer") || may("train") ? { correct: (entry) => correct(this.thread, entry), uncorrect: (at) => uncorrect(this.thread, at) } : {}) };
    this.transcript.show(this.thread, actions, seq);
    this.composer.show(this.thread, this.moves);
    this.packet.show(this.thread);
    this.thread.open(seq);
  }

  #close() {
    this.thread?.close();
    this.thread = null;
    for (const end of this.#ends.splice(0)) end();
    fill(this);
  }

  #build() {
    this.name = h("h2.who", { dir: "auto" });
    this.about = h("p.about.quiet");
    this.face = h("span.face", { "aria-hidden": "true" });
    this.viewers = h("ul.viewers", { "aria-label": "Also here" });
    this.buttons = h("div.moves", { role: "group", "aria-label": "With this conversation" });
    this.state = h("div.standing", { role: "status" });
    this.task = h("div.task", { hidden: true });
    this.trouble = h("div.trouble", { role: "alert", hidden: true });
    this.transcript = h("desk-transcript");
    this.composer = h("desk-composer");
    this.packet = h("desk-packet");
    this.side = h("aside.side", { "aria-label": "About the customer" }, this.packet);
    fill(this, h("div.conversation",
      h("header.head", h("span.back"), this.face, h("div.head-about", this.name, this.about), this.viewers, this.buttons),
      this.state, this.task, this.trouble, this.transcript, this.composer), this.side);
    this.querySelector(".back").append(iconButton("back", "Back to the list", () => this.dispatchEvent(new Event("back", { bubbles: true }))));
  }

  #listen() {
    const { thread } = this;
    const hear = (target, name, listener) => { target.addEventListener(name, listener); this.#ends.push(() => target.removeEventListener(name, listener)); };
    hear(thread, "detail", () => this.#head());
    hear(thread, "entries", () => this.#standing());
    hear(thread, "company", () => this.#company());
    hear(thread, "failed", ({ detail }) => this.#failed(detail));
    hear(outbox, "sent", ({ detail }) => detail.conversation === thread.id && thread.catchUp());
    hear(this, "wrote", () => this.transcript.toEnd());
    hear(this, "leave", () => this.transcript.scroller.focus({ preventScroll: true }));
    hear(document, "visibilitychange", () => document.hidden || thread.markRead());
    this.#size = new ResizeObserver(([entry]) => this.#fit(entry.contentRect.width));
    this.#size.observe(this);
    const clock_ = setInterval(() => { this.#standing(); this.#where(); }, EVERY);
    this.#ends.push(() => this.#size.disconnect(), () => clearInterval(clock_), on("prefs", () => this.#fit(this.clientWidth)), on("counts", () => this.#where()), ...this.#commands());
  }
  #size = null;

  #commands() {
    const group = "Conversation";
    const here = () => Boolean(this.thread?.detail);
    const moves = Object.entries(MOVES).map(([name, move]) => command({ id: `move-${name}`, title: move.title, group, keys: move.key, when: () => here() && this.moves.can(name), run: () => this.moves.run(name) }));
    const one = (id, title, keys, run, more = {}) => command({ id, title, group, keys, run, when: here, ...more });
    return [...moves,
      one("reply", "Write a reply", "r", () => this.composer.write("reply")),
      one("note", "Write a note", "n", () => this.composer.write("note")),
      one("canned", "Insert a canned reply", "mod+.", () => this.composer.canned(), { typing: true }),
      one("attach", "Attach a file", "a", () => this.composer.attach()),
      one("undo-send", "Take back the last message", "z", () => this.#takeBack()),
      one("facts", "Show or hide what is known of the customer", "i", () => this.#toggle()),
      one("meant", "Say what the message meant", "m", () => this.#meant(), { when: () => here() && (may("answer") || may("train")) }),
      one("message-before", "To the message before", "alt+arrowup", () => this.transcript.step(-1), { typing: true }),
      one("message-after", "To the message after", "alt+arrowdown", () => this.transcript.step(1), { typing: true }),
      one("newest", "To the newest message", "end", () => this.transcript.toEnd()),
    ];
  }

  #meant() {
    const { chosen } = this.transcript;
    if (chosen) correct(this.thread, chosen);
  }

  #takeBack() {
    const item = outbox.last(this.thread.id);
    const back = item && outbox.undo(item.client_id);
    if (back) this.composer.restore(back); else announce("There is nothing to take back.");
  }

  // --- head

  #head() {
    const { detail } = this.thread;
    const name = customerName(detail);
    this.trouble.hidden = true;
    this.name.textContent = name;
    this.face.textContent = initials(name);
    this.face.dataset.tone = tone(name);
    const tier = detail.packet?.profile?.tier;
    fill(this.about, h("span", channelName(detail.channel)), detail.language && detail.language !== "en" && h("span", detail.language.toUpperCase()),
      tier && tier !== "standard" && h("span.tier", icon("star"), tier));
    this.#moves();
    this.#standing();
    this.#taskLine();
    this.#where();
  }

  #moves() {
    const key = Object.keys(MOVES).filter((name) => this.moves.can(name)).join() + this.thread.detail.owner + this.#wide;
    if (this.buttons.dataset.key === key) return; // the button that has the focus stays
    this.buttons.dataset.key = key;
    const had = this.buttons.contains(document.activeElement);
    const first = ["claim", "take", "resolve"].find((name) => this.moves.can(name));
    const others = ["transfer", "release", "resolve"].filter((name) => name !== first && this.moves.can(name));
    fill(this.buttons,
      others.map((name) => iconButton(MOVES[name].shape, MOVES[name].label(this.thread.detail), () => this.moves.run(name), { key: readable(MOVES[name].key), name: `move-${name}` })),
      iconButton("panel", "About the customer", () => this.#toggle(), { key: "I", name: "panel-toggle" }),
      first && h(`button.button.primary.move-${first}`, { type: "button", title: `${MOVES[first].title} (${readable(MOVES[first].key)})`, onclick: () => this.moves.run(first) }, icon(MOVES[first].shape), MOVES[first].label(this.thread.detail)));
    if (had) this.buttons.lastElementChild?.focus();
    this.#pressed();
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
    fill(this.task, icon("work"), h("div", h("strong", task.kind === "message" || task.kind === "message_left" ? "Left a message" : "To do"), task.text && h("p", { dir: "auto" }, task.text),
      task.due_at && h(`span.quiet${late ? ".late" : ""}`, { title: fullTime(task.due_at) }, late ? `Was due ${clock(task.due_at)}` : `Due ${new Date(task.due_at).toLocaleString(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" })}`)),
      may("answer") && h("button.button", { type: "button", onclick: () => this.moves.closeTask() }, "Mark as done"));
  }

  /** Ask for the place in the queue. */
  async #where() {
    if (this.thread?.detail?.owner !== "queue") { this.#place = 0; return; }
    const { thread } = this;
    try {
      const { conversations } = await api.get("/conversations", { owner: "queue", limit: 100 });
      if (thread !== this.thread) return;
      this.#place = conversations.findIndex((one) => one.id === thread.id) + 1;
      this.#standing();
    } catch { /* the place is left out */ }
  }

  #company() {
    const writing = new Map(this.thread.company.writing.map((one) => [one.id, one]));
    const here = new Map([...this.thread.company.viewing, ...writing.values()].map((one) => [one.id, one]));
    fill(this.viewers, [...here.values()].map((one) => {
      const does = writing.has(one.id) ? (writing.get(one.id).note ? "writes a note" : "writes a reply") : "is looking";
      return h(`li${writing.has(one.id) ? ".writes" : ""}`, { title: `${one.name} ${does}` }, h("span.face", { dataset: { tone: tone(one.name) }, "aria-hidden": "true" }, initials(one.name)), h("span.sr", `${one.name} ${does}`));
    }));
    this.viewers.hidden = !here.size;
  }

  #failed(error) {
    const gone = error.status === 404;
    this.trouble.hidden = false;
    fill(this.trouble, icon("warn"), h("span", gone ? "There is no such conversation. It may have been deleted." : error.message),
      !gone && h("button.button", { type: "button", onclick: () => { this.trouble.hidden = true; this.thread.loadDetail(); this.thread.entries.length ? this.thread.catchUp() : this.thread.toEnd(); } }, "Try again"));
  }

  #moved(name, detail) {
    const said = { claim: "You have this conversation now.", take: "You have this conversation now.", release: "The assistant has it again.", transfer: detail.owner === "queue" ? "It is in the queue." : `${detail.assignee_name} has it now.`, resolve: "Resolved.", task: "Marked as done." }[name];
    if (name === "claim" || name === "take") { announce(said); this.composer.write("reply"); } else toast(said, { ms: 3000 });
    this.dispatchEvent(new CustomEvent("moved", { bubbles: true, detail: { name, conversation: detail } }));
  }

  // --- the packet's place

  #wide = true;

  #fit(width) {
    this.#wide = width >= WIDE;
    this.classList.toggle("wide", this.#wide);
    this.side.hidden = !this.#wide || !prefs.packet;
    if (this.#wide) this.#sheet?.();
    this.#pressed();
  }

  #pressed() {
    const button = this.buttons.querySelector(".panel-toggle");
    if (this.#wide) button?.setAttribute("aria-pressed", String(!this.side.hidden)); else button?.removeAttribute("aria-pressed");
  }

  #toggle() {
    if (this.#wide) { setPref("packet", !prefs.packet); return; }
    const packet = h("desk-packet");
    dialog({ title: "About the customer", name: "sheet", build: (close) => { this.#sheet = close; return packet; } }).then(() => (this.#sheet = null));
    packet.show(this.thread);
  }
}

customElements.define("desk-conversation", Conversation);
