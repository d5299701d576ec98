// Files that go with the next message: taken by button, paste or drop, sent to the server at once, shown as chips.

import { api } from "./api.js";
import { announce, fill, h, icon, iconButton, toast } from "./dom.js";
import { size } from "./format.js";

const MOST = 5;

export class Uploads {
  #list = []; // {key, name, size, file, view, error, stop}
  #next = 0;

  /** `conversation()` says where files go; `changed()` is called whenever they change. */
  constructor({ conversation, changed }) {
    this.conversation = conversation;
    this.changed = changed;
    this.node = h("ul.chips", { "aria-label": "Files", hidden: true });
    this.input = h("input", { type: "file", multiple: true, hidden: true, onchange: () => { this.take(this.input.files); this.input.value = ""; } });
  }

  /** Return the files that the server has: [FileView]. */
  get ready() { return this.#list.flatMap((one) => one.view ?? []); }
  get busy() { return this.#list.some((one) => !one.view && !one.error); }
  get broken() { return this.#list.some((one) => one.error); }
  get any() { return this.#list.length > 0; }

  /** Show these files, which the server has already. */
  set(views) {
    for (const one of this.#list) one.stop?.abort();
    this.#list = views.map((view) => ({ key: (this.#next += 1), name: view.name, size: view.size, view }));
    this.#draw();
  }

  /** Take files from the reader's machine. */
  take(files) {
    const room = MOST - this.#list.length;
    if (files.length > room) toast(`A message may have at most ${MOST} files.`, { kind: "error" });
    for (const file of [...files].slice(0, Math.max(0, room))) this.#upload({ key: (this.#next += 1), name: file.name || "picture.png", size: file.size, file });
  }

  async #upload(one) {
    if (!this.#list.includes(one)) this.#list.push(one);
    one.error = "";
    one.stop = new AbortController();
    this.#draw();
    try {
      one.view = await api.upload(this.conversation(), new File([one.file], one.name, { type: one.file.type }), { signal: one.stop.signal });
    } catch (error) {
      if (error.name === "AbortError") return;
      one.error = error.message;
      announce(`${one.name}: ${error.message}`, { now: true });
    }
    this.#draw();
  }

  #remove(one) {
    one.stop?.abort();
    this.#list = this.#list.filter((other) => other !== one);
    this.#draw();
  }

  #draw() {
    this.node.hidden = !this.#list.length;
    fill(this.node, this.#list.map((one) => h(`li.chip${one.error ? ".bad" : one.view ? "" : ".busy"}`,
      icon("file"), h("span.chip-name", { dir: "auto" }, one.name), h("span.quiet", one.error || (one.view ? size(one.size) : "Uploading…")),
      one.error && h("button.text-button", { type: "button", onclick: () => this.#upload(one) }, "Try again"),
      iconButton("close", `Remove ${one.name}`, () => this.#remove(one), { name: "small" }))));
    this.changed();
  }
}
