// Corrections: what the assistant misread, and what agents say it meant. Trainers take them over with `baton review`.

import { api } from "./api.js";
import { fill, h, icon, toast } from "./dom.js";
import { field, formDialog } from "./form.js";
import { fullTime } from "./format.js";
import { nothing, Panel, redraw } from "./panel.js";
import { seen } from "./sign-ins.js";
import { path } from "./store.js";

const STATUS = [["open", "Open"], ["accepted", "Accepted"], ["dropped", "Dropped"]];
const EMPTY = {
  open: ["Nothing is to be reviewed", "When an agent says what a misread message meant, it appears here."],
  accepted: ["Nothing was accepted yet", "What trainers accept with baton review becomes training data, and is listed here."],
  dropped: ["Nothing was dropped", "What is not meant for the training data is listed here, with the reason."],
};

class Corrections extends Panel {
  status = "open";

  head() {
    this.list = h("ul.lines", { "aria-label": "Corrections" });
    this.tally = h("p.quiet", { role: "status" });
    const one = ([value, text]) => h("label", h("input", { type: "radio", name: "correction-status", value, checked: value === this.status, onchange: () => { this.status = value; this.load(); } }), h("span", text));
    return h("div.panel-head", h("div.panel-tools", h("fieldset", h("legend.sr", "Status"), h("div.segments", STATUS.map(one))), this.tally),
      h("p.hint-box", icon("info"), h("span", "A trainer accepts them on the server with ", h("code", "baton review"), ": it writes them into the training data, and the next training learns from them.")));
  }

  async read() {
    const { status } = this;
    return { status, found: (await api.get("/corrections", { status })).corrections };
  }

  draw({ status, found }) {
    this.tally.textContent = found.length ? String(found.length) + (found.length === 500 ? " or more" : "") : "";
    redraw(this.list, found.map((one) => this.#row(one)));
    fill(this.body, found.length ? this.list : nothing("done", ...EMPTY[status]));
  }

  #row(one) {
    const guessed = one.guessed ? [one.guessed_title, ` (${Math.round(one.confidence * 100)}%)`] : ["Nothing"];
    const time = h("time", { dateTime: one.decided_at ?? one.at, title: fullTime(one.decided_at ?? one.at) }, seen(one.decided_at ?? one.at));
    return h("li.line-row.correction-row", { dataset: { id: String(one.number) } },
      h("div.line-main", h("p.correction-text", { dir: "auto" }, `“${one.text}”`),
        h("p.correction-turn", h("span.tag.danger", { title: one.guessed }, h("span.sr", "Understood as "), guessed), icon("next"), h("span.tag.good", { title: one.intent }, h("span.sr", "Meant "), one.title), one.similar > 1 && h("span.quiet", `${one.similar} alike`)),
        one.note && h("p.correction-note", { dir: "auto" }, one.note),
        h("p.quiet", one.status === "open" ? `${one.by_name || "An agent"}, ` : `${one.by_name || "An agent"}; ${one.status} by ${one.decided_by || "a trainer"} `, time, one.reason && `: ${one.reason}`)),
      h("div.line-actions", h("a.button", { href: path("all", one.conversation_id, one.seq) }, "Open"),
        one.status === "open" && h("button.button", { type: "button", "aria-label": `Drop the correction of “${one.text.slice(0, 60)}”`, onclick: () => this.#drop(one) }, "Drop")));
  }

  async #drop(one) {
    const done = await formDialog({
      title: "Drop this correction?",
      yes: "Drop it",
      intro: h("p", "It is left out of the training data. The agent's mark on the message stays as a record."),
      fields: [field("reason", "Why (may be empty)", h("input", { maxLength: 500, autocomplete: "off", autofocus: true }))],
      save: async ({ reason }) => { await api.post(`/corrections/${one.number}/drop`, { reason }); return true; },
    });
    if (done) { toast("The correction is dropped."); this.load(); }
  }
}

customElements.define("desk-admin-corrections", Corrections);
