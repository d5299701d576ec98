// The few buttons of one entry: copy, link, what was understood, what it meant. There is one set of them, which goes
// to the row under the pointer or with the focus.

import { h, iconButton, toast } from "./dom.js";
import { path, route } from "./store.js";
import { understood } from "./understood.js";

export class MessageTools {
  #transcript;
  #entry = null;

  constructor(transcript) {
    this.#transcript = transcript;
    this.node = h("div.tools", { role: "group", "aria-label": "With this message" });
    const { list } = transcript;
    list.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#follow(event.target));
    list.addEventListener("focusin", (event) => this.#follow(event.target, true));
    list.addEventListener("click", (event) => event.pointerType === "touch" && this.#follow(event.target, true));
  }

  #follow(target, sure = false) {
    const row = target.closest?.(".row[data-seq]");
    if (!row || row.contains(this.node) || (!sure && this.node.contains(document.activeElement))) return;
    this.#entry = this.#transcript.thread.entries.find((one) => one.seq === Number(row.dataset.seq));
    if (!this.#entry || this.#entry.kind === "event") { this.node.remove(); return; }
    this.node.replaceChildren(...this.#buttons());
    (row.querySelector(".row-body") ?? row).append(this.node);
  }

  #buttons() {
    const { actions } = this.#transcript;
    const entry = this.#entry;
    const buttons = [
      iconButton("copy", "Copy text", () => copy(entry.text, "Copied")),
      iconButton("link", "Copy link to this message", () => copy(address(this.#transcript.thread.id, entry.seq), "Link copied")),
    ];
    if (entry.nlu && !entry.nlu.fallback && !entry.failed) buttons.push(iconButton("info", "What the assistant understood", () => this.#explain(entry)));
    if (entry.author === "customer" && actions.correct && entry.text) buttons.push(iconButton("edit", "This meant…", () => actions.correct(entry), { key: "m" }));
    return buttons;
  }

  #explain(entry) {
    const body = this.node.parentElement;
    const known = body.querySelector(":scope > .understood");
    if (known) known.remove();
    else this.node.before(understood(entry.nlu));
  }
}

/** Return the address of one message. */
export const address = (conversation, seq) => `${location.origin}${location.pathname}${path(route().view, conversation, seq)}`;

/** Put a text into the clipboard and say so. */
export async function copy(text, said = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
    toast(said, { ms: 1800 });
  } catch {
    toast("The browser does not allow copying here.", { kind: "error" });
  }
}
