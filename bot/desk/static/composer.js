// Where one writes: a reply to the customer or a note for agents, with files and canned replies. Drafts stay in this
// browser; what is sent goes to the outbox, where it can be taken back for some seconds.

import { announce, fill, h, icon, iconButton } from "./dom.js";
import { chooseCanned, filled, marked, unfilled, valuesFor } from "./canned.js";
import { draftOf, keepDraft } from "./drafts.js";
import { outbox } from "./outbox.js";
import { Slash } from "./slash.js";
import { instead } from "./standing.js";
import { live, prefs } from "./store.js";
import { Uploads } from "./uploads.js";

const MOST = 4000;
const COUNTED = 3500; // from here on the rest is shown
const TELL_EVERY = 3000;

class Composer extends HTMLElement {
  #told = 0;
  #ends = [];

  connectedCallback() {
    this.area = h("textarea", { rows: 1, dir: "auto", spellcheck: true, "aria-label": "Reply to the customer" });
    this.mirror = h("div.mirror", { "aria-hidden": "true", dir: "auto" });
    this.uploads = new Uploads({ conversation: () => this.thread.id, changed: () => this.#changed() });
    this.slash = new Slash(this.area, { choose: (reply, start) => this.#insert(reply, start), language: () => this.thread?.detail?.language });
    this.tabs = { reply: this.#tab("reply", "Reply", "send", "R"), note: this.#tab("note", "Note", "note", "N") };
    this.count = h("span.count.quiet", { hidden: true });
    this.problem = h("p.form-error", { role: "alert", hidden: true });
    this.others = h("p.collision", { role: "status", hidden: true });
    this.button = h("button.button.primary.send", { type: "submit" }, h("span"), icon("send"));
    this.block = h("div.instead", { hidden: true, tabIndex: -1, role: "group", "aria-label": "Instead of a reply", dataset: { quiet: "" } });
    this.block.addEventListener("keydown", (event) => event.key === "Escape" && this.block.blur());
    this.tools = h("div.composer-tools",
      iconButton("clip", "Attach a file", () => this.uploads.input.click(), { key: "A" }),
      iconButton("bolt", "Canned replies", () => this.canned(), { key: "/" }), this.uploads.input,
      this.count, h("span.keys.quiet"), this.button);
    this.box = h("form.composer", { onsubmit: (event) => { event.preventDefault(); this.send(); } },
      h("div.tabs", { role: "group", "aria-label": "Write as" }, this.tabs.reply, this.tabs.note, this.others),
      this.block, this.slash.node, h("div.writing", this.mirror, this.area), this.uploads.node, this.problem, this.tools);
    fill(this, this.box);
    this.#listen();
  }

  disconnectedCallback() { for (const end of this.#ends) end(); }

  /** Write in this thread; `moves.run(name)` does a move such as claim. */
  show(thread, moves) {
    this.thread = thread;
    this.moves = moves;
    this.draft = draftOf(thread.id);
    this.tab = this.draft.tab || "reply";
    this.area.value = this.draft[this.tab];
    this.uploads.set(this.draft.files);
    const heard = [["detail", () => this.#stand()], ["company", () => this.#company()]];
    for (const [name, listener] of heard) thread.addEventListener(name, listener);
    this.#ends.push(() => { for (const [name, listener] of heard) thread.removeEventListener(name, listener); });
    this.#stand();
  }

  /** Write a reply or a note now. */
  write(tab) {
    this.#choose(tab);
    if (this.area.offsetParent) this.area.focus(); else this.block.querySelector("button")?.focus();
  }

  /** Put back what was taken back, before what has been written since. */
  restore(item) {
    this.#choose(item.kind);
    this.area.value = [item.text, this.area.value].filter(Boolean).join("\n");
    this.uploads.set([...item.files, ...this.uploads.ready].slice(0, 5));
    this.#changed();
    this.area.focus();
  }

  /** Let a canned reply be chosen in a dialog. */
  async canned() {
    const reply = await chooseCanned(this.thread.detail);
    if (reply) this.#insert(reply, this.area.selectionStart);
  }

  /** Put a canned reply where one writes. */
  put(reply) {
    this.write("reply");
    this.#insert(reply, this.area.selectionStart);
  }

  attach() { this.uploads.input.click(); }

  send() {
    const text = this.area.value.trim();
    const missing = this.#missing(text);
    this.#say(missing);
    if (missing || (!text && !this.uploads.ready.length)) return;
    outbox.add({ conversation: this.thread.id, text, kind: this.tab, files: this.uploads.ready });
    announce(prefs.undo ? `Sent in ${prefs.undo} seconds. Press Undo to take it back.` : "Sent.");
    this.area.value = "";
    this.uploads.set([]);
    this.dispatchEvent(new Event("wrote", { bubbles: true }));
    if (this.tab === "note" && this.#blocked()) this.#choose("reply");
  }

  // --- writing

  #listen() {
    const { area } = this;
    area.addEventListener("input", () => { this.#say(""); this.#changed(); this.slash.look(); this.#typing(); });
    area.addEventListener("keydown", (event) => this.#key(event));
    area.addEventListener("paste", (event) => { const { files } = event.clipboardData; if (files.length) { event.preventDefault(); this.uploads.take(files); } });
    this.box.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) { event.preventDefault(); this.box.classList.add("dropping"); } });
    this.box.addEventListener("dragleave", (event) => { if (!this.box.contains(event.relatedTarget)) this.box.classList.remove("dropping"); });
    this.box.addEventListener("drop", (event) => { event.preventDefault(); this.box.classList.remove("dropping"); this.uploads.take(event.dataTransfer.files); });
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.slash.key(event)) { event.preventDefault(); event.stopPropagation(); return; }
    if (event.key === "Escape") { event.preventDefault(); this.dispatchEvent(new Event("leave", { bubbles: true })); return; }
    const sends = event.key === "Enter" && !event.shiftKey && !event.altKey && (event.ctrlKey || event.metaKey || prefs.enter);
    if (sends) { event.preventDefault(); event.stopPropagation(); this.send(); }
  }

  #typing() {
    const now = Date.now();
    if (now - this.#told < TELL_EVERY || !this.area.value.trim()) return;
    this.#told = now;
    live.typing(this.thread.id, { note: this.tab === "note" });
  }

  #insert(reply, start) {
    const { area } = this;
    const text = filled(reply.text, valuesFor(this.thread.detail));
    area.setRangeText(text, start, area.selectionEnd, "end");
    area.focus();
    const open = unfilled(area.value);
    if (open) area.setSelectionRange(open.index, open.index + open.text.length);
    this.#changed();
  }

  #missing(text) {
    if (this.#blocked()) return this.thread.detail ? instead(this.thread.detail).text : "One moment.";
    if (this.thread.claiming) return "One moment, the conversation is being claimed.";
    if (this.uploads.busy) return "A file is still being uploaded.";
    if (this.uploads.broken) return "A file could not be uploaded. Try again or remove it.";
    if (text.length > MOST) return `That is ${text.length - MOST} characters too long.`;
    const open = unfilled(text);
    if (!open) return "";
    const at = this.area.value.indexOf(open.text);
    this.area.setSelectionRange(at, at + open.text.length);
    return `Fill in ${open.text} first.`;
  }

  #say(problem) {
    this.problem.textContent = problem;
    this.problem.hidden = !problem;
  }

  /** Bring everything that follows from the text up to date, and keep the draft. */
  #changed() {
    if (!this.thread) return;
    const { length } = this.area.value;
    fill(this.mirror, marked(this.area.value), "\u200b");
    this.count.hidden = length < COUNTED;
    this.count.textContent = `${MOST - length}`;
    this.count.classList.toggle("over", length > MOST);
    this.draft = { ...this.draft, tab: this.tab, [this.tab]: this.area.value, files: this.uploads.ready };
    keepDraft(this.thread.id, this.draft);
  }

  // --- reply or note

  #tab(name, label, shape, key) {
    return h(`button.tab.${name}`, { type: "button", title: `${label} (${key})`, onclick: () => this.write(name) }, icon(shape), label);
  }

  #choose(tab) {
    if (tab !== this.tab) {
      this.draft = { ...this.draft, [this.tab]: this.area.value };
      this.tab = tab;
      this.area.value = this.draft[tab];
      this.#say("");
    }
    this.#stand();
  }

  #blocked() {
    const { detail } = this.thread;
    if (!detail) return true;
    if (this.thread.claiming) return false; // what is typed meanwhile must not be taken for commands
    const way = instead(detail);
    return way !== null && !(this.tab === "note" && way.note);
  }

  /** Show what is possible: writing, or what one can do instead. */
  #stand() {
    const { detail } = this.thread;
    const note = this.tab === "note", blocked = this.#blocked();
    const writing = document.activeElement === this.area, waiting = document.activeElement === this.block;
    this.box.dataset.tab = this.tab;
    for (const [name, button] of Object.entries(this.tabs)) button.setAttribute("aria-pressed", String(name === this.tab));
    this.box.classList.toggle("blocked", blocked);
    this.block.hidden = !blocked;
    if (blocked) this.#way(detail && instead(detail));
    const label = note ? "Note, only agents see it" : "Reply to the customer";
    this.area.setAttribute("aria-label", label);
    this.area.placeholder = note ? "A note that only agents see…" : `Reply to ${detail?.customer_name?.split(" ")[0] || "the customer"}…`;
    this.button.firstElementChild.textContent = note ? "Add note" : "Send";
    // Who was in the middle of a word goes on typing: into nothing, and never as commands.
    if (blocked && writing) this.block.focus();
    else if (!blocked && waiting) this.area.focus();
    this.querySelector(".keys").textContent = prefs.enter ? "↵ sends · ⇧↵ new line · / canned" : "Ctrl ↵ sends · / canned";
    this.#changed();
  }

  #way(way) {
    const key = JSON.stringify([way?.text, way?.move, Boolean(this.draft.reply.trim())]);
    if (this.block.dataset.way === key) return; // the button that has the focus stays
    this.block.dataset.way = key;
    fill(this.block, h("p", way?.text ?? "Loading…"), h("div.instead-moves",
      way?.move && h("button.button.primary", { type: "button", onclick: () => this.moves.run(way.move) }, way.label),
      way?.note && h("button.button", { type: "button", onclick: () => this.write("note") }, icon("note"), "Leave a note")),
      this.draft.reply.trim() && h("p.quiet", "Your draft is kept."));
  }

  #company() {
    const names = this.thread.company.writing.filter((one) => !one.note).map((one) => one.name);
    this.others.hidden = !names.length;
    this.others.textContent = names.length ? `${names.join(", ")} is writing a reply here` : "";
  }
}

customElements.define("desk-composer", Composer);
