// One conversation: its head, the transcript, the composer, and the packet card beside them, or over them where there
// is no room. `conversation` is its id, `seq` an entry to begin at.

import "./composer.js";
import "./conversation-head.js";
import "./packet.js";
import "./transcript.js";
import { announce, dialog, fill, h, icon, toast } from "./dom.js";
import { correct, uncorrect } from "./correct.js";
import { command } from "./keys.js";
import { Moves, MOVES } from "./moves.js";
import { outbox } from "./outbox.js";
import { may, on, prefs, setPref } from "./store.js";
import { Thread } from "./thread.js";

const WIDE = 720; // pixels from which the packet has room beside the conversation
const ROOMY = 420; // and from which all moves have room in the head

const TAKES = ["claim", "take"];

/** Events that bubble: `back`, and `moved` (detail: {name, conversation}). */
class Conversation extends HTMLElement {
  static observedAttributes = ["conversation", "seq"];
  #ends = [];
  #wide = true;
  #sheet = null;

  connectedCallback() { this.#open(); }
  disconnectedCallback() { this.#close(); }
  attributeChangedCallback(name, before, now) {
    if (!this.isConnected || before === now) return;
    if (name === "conversation") { this.#close(); this.#open(); } else if (now && this.thread?.entries.length) this.transcript.goTo(Number(now));
  }

  #open() {
    const id = this.getAttribute("conversation");
    if (!id) return;
    const seq = Number(this.getAttribute("seq")) || 0;
    this.thread = new Thread(id);
    this.moves = new Moves(this.thread, { begun: (name) => TAKES.includes(name) && this.composer.write("reply"), moved: (name, detail) => this.#moved(name, detail) });
    this.#build();
    this.#listen();
    this.head.show(this.thread, this.moves, () => this.#toggle());
    this.transcript.show(this.thread, this.#actions(), seq);
    this.composer.show(this.thread, this.moves);
    this.packet.show(this.thread);
    this.thread.open(seq);
  }

  #close() {
    this.thread?.close();
    this.thread = null;
    this.#sheet?.();
    for (const end of this.#ends.splice(0)) end();
    fill(this);
  }

  #build() {
    this.head = h("desk-conversation-head");
    this.trouble = h("div.trouble", { role: "alert", hidden: true });
    this.transcript = h("desk-transcript");
    this.composer = h("desk-composer");
    this.packet = h("desk-packet");
    this.side = h("aside.side", { "aria-label": "About the customer" }, this.packet);
    fill(this, h("div.conversation", this.head, this.trouble, this.transcript, this.composer), this.side);
  }

  /** Return what rows of the transcript may ask for. */
  #actions() {
    const edit = (item) => this.composer.restore(item);
    if (!may("answer") && !may("train")) return { edit };
    return { edit, correct: (entry) => correct(this.thread, entry), uncorrect: (at) => uncorrect(this.thread, at) };
  }

  #listen() {
    const { thread } = this;
    const hear = (target, name, listener) => { target.addEventListener(name, listener); this.#ends.push(() => target.removeEventListener(name, listener)); };
    hear(thread, "detail", () => (this.trouble.hidden = true));
    hear(thread, "failed", ({ detail }) => this.#failed(detail));
    hear(outbox, "sent", ({ detail }) => detail.conversation === thread.id && thread.catchUp());
    hear(this, "wrote", () => this.transcript.toEnd());
    hear(this, "leave", () => this.transcript.scroller.focus({ preventScroll: true }));
    hear(this, "go-to", ({ detail }) => { this.#sheet?.(); this.transcript.goTo(detail); });
    hear(document, "visibilitychange", () => document.hidden || thread.markRead());
    const size = new ResizeObserver(([entry]) => this.#fit(entry.contentRect.width));
    size.observe(this);
    this.#ends.push(() => size.disconnect(), on("prefs", () => this.#fit(this.clientWidth)), ...this.#commands());
  }

  #commands() {
    const group = "Conversation";
    const here = () => Boolean(this.thread?.detail);
    const one = (id, title, keys, run, more = {}) => command({ id, title, group, keys, run, when: here, ...more });
    return [
      ...Object.entries(MOVES).map(([name, move]) => one(`move-${name}`, move.title, move.key, (given) => this.moves.run(name, given), { when: () => here() && this.moves.can(name) })),
      one("reply", "Write a reply", "r", () => this.composer.write("reply")),
      one("note", "Write a note", "n", () => this.composer.write("note")),
      one("canned", "Insert a canned reply", "mod+.", () => this.composer.canned(), { typing: true }),
      one("attach", "Attach a file", "a", () => this.composer.attach()),
      one("undo-send", "Take back the last message", "z", () => this.#takeBack()),
      one("facts", "Show or hide what is known of the customer", "i", () => this.#toggle()),
      one("meant", "Say what the message meant", "m", () => this.#meant(), { when: () => here() && (may("answer") || may("train")) }),
      one("message-before", "To the message before", "alt+arrowup", () => this.transcript.step(-1), { typing: true, repeat: true }),
      one("message-after", "To the message after", "alt+arrowdown", () => this.transcript.step(1), { typing: true, repeat: true }),
      one("newest", "To the newest message", "end", () => this.transcript.toEnd()),
    ];
  }

  /** Tell the sheet of keys what can be done in a conversation, before one is open. */
  describe() { for (const end of this.#commands()) end(); }

  #meant() {
    const { chosen } = this.transcript;
    if (chosen) correct(this.thread, chosen);
  }

  #takeBack() {
    const item = outbox.last(this.thread.id);
    const back = item && outbox.undo(item.client_id);
    if (back) this.composer.restore(back); else announce("There is nothing to take back.");
  }

  #failed(error) {
    const gone = error.status === 404;
    const again = () => { this.trouble.hidden = true; this.thread.again(); };
    this.trouble.hidden = false;
    fill(this.trouble, icon("warn"), h("span", gone ? "There is no such conversation. It may have been deleted." : error.message),
      !gone && h("button.button", { type: "button", onclick: again }, "Try again"));
  }

  #moved(name, detail) {
    const said = { claim: "You have this conversation now.", take: "You have this conversation now.", release: "The assistant has it again.", resolve: "Resolved.", task: "Marked as done.",
      transfer: detail.owner === "queue" ? "It is in the queue." : `${detail.assignee_name} has it now.` }[name];
    if (TAKES.includes(name)) announce(said); else toast(said, { ms: 3000 });
    this.dispatchEvent(new CustomEvent("moved", { bubbles: true, detail: { name, conversation: detail } }));
  }

  // --- the packet's place

  #fit(width) {
    this.#wide = width >= WIDE;
    this.classList.toggle("wide", this.#wide);
    this.side.hidden = !this.#wide || !prefs.packet;
    if (this.#wide) this.#sheet?.();
    this.head.fit(this.head.clientWidth >= ROOMY);
    this.head.pressed(this.#wide ? !this.side.hidden : null);
  }

  async #toggle() {
    if (this.#wide) { setPref("packet", !prefs.packet); return; }
    const packet = h("desk-packet");
    packet.addEventListener("go-to", ({ detail }) => { this.#sheet?.(); this.transcript.goTo(detail); });
    const closed = dialog({ title: "About the customer", name: "sheet", build: (close) => { this.#sheet = close; return packet; } });
    packet.show(this.thread);
    await closed;
    this.#sheet = null;
  }
}

customElements.define("desk-conversation", Conversation);
document.createElement("desk-conversation").describe();
