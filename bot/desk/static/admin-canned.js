// Canned replies: found by any word, written with a preview of what the customer will read.

import { api } from "./api.js";
import { marked } from "./canned.js";
import { editReply } from "./canned-form.js";
import { confirmed, fill, h, icon, toast } from "./dom.js";
import { fullTime } from "./format.js";
import { nothing, Panel, plain, redraw } from "./panel.js";
import { seen } from "./sign-ins.js";
import { state } from "./store.js";

class Canned extends Panel {
  follows = "canned";

  head() {
    this.search = h("input", { type: "search", placeholder: "Search replies", "aria-label": "Search replies", oninput: () => this.draw(this.data) });
    this.tally = h("p.quiet", { role: "status" });
    this.list = h("ul.lines", { "aria-label": "Canned replies" });
    return h("div.panel-tools", this.search, this.tally, this.#new());
  }

  #new = () => h("button.button.primary", { type: "button", onclick: () => this.#edit() }, icon("plus"), "New reply");

  async read() { return (await api.get("/canned")).replies; }

  draw(replies) {
    if (!replies) return;
    const wanted = plain(this.search.value).split(/\s+/).filter(Boolean);
    const found = replies.filter((one) => wanted.every((word) => [one.shortcut, one.title, one.text, one.team, one.language].some((text) => plain(text).includes(word))));
    this.tally.textContent = replies.length ? `${found.length} of ${replies.length}` : "";
    redraw(this.list, found.map((one) => this.#row(one)));
    fill(this.body, found.length ? this.list : wanted.length
      ? nothing("search", "Nothing fits", "Try other words of the title, the text or the shortcut.")
      : nothing("bolt", "There are no canned replies yet", "Write what agents say again and again. They type / and the shortcut to use it; names and order numbers are filled in."));
  }

  #row(one) {
    const by = state.agents.get(one.updated_by)?.name;
    return h("li.line-row.reply-row", { dataset: { id: one.id } }, h("span.line-shape", icon("bolt")),
      h("div.line-main", h("p.line-top", h("b", { dir: "auto" }, one.title), h("code", `/${one.shortcut}`)),
        h("p.reply-text", { dir: "auto" }, marked(one.text)),
        h("p.quiet", "Changed ", h("time", { dateTime: one.updated_at, title: fullTime(one.updated_at) }, seen(one.updated_at)), by && ` by ${by}`)),
      h("div.line-facts", one.team && h("span.tag", { dir: "auto" }, icon("people"), one.team), one.language && h("span.tag", one.language)),
      h("div.line-actions", h("button.button", { type: "button", "aria-label": `Edit ${one.title}`, onclick: () => this.#edit(one) }, "Edit"),
        h("button.icon-button", { type: "button", "aria-label": `Remove ${one.title}`, title: "Remove", onclick: () => this.#remove(one) }, icon("trash"))));
  }

  async #edit(one = null) {
    if (await editReply(one)) this.load();
  }

  async #remove(one) {
    if (!(await confirmed(`Remove “${one.title}”?`, `Agents can no longer use /${one.shortcut}. What was sent with it stays.`, { yes: "Remove", danger: true }))) return;
    try { await api.delete(`/canned/${one.id}`); } catch (error) { toast(error.message, { kind: "error" }); }
    this.load();
  }
}

customElements.define("desk-admin-canned", Canned);
