// Teams: made by name, removed when nobody and nothing is in them.

import { api } from "./api.js";
import { confirmed, fill, h, icon, toast } from "./dom.js";
import { field, form } from "./form.js";
import { nothing, Panel, redraw } from "./panel.js";

const said = (n, one, many) => (n === 1 ? `1 ${one}` : `${n || "no"} ${many}`);

class Teams extends Panel {
  follows = "teams";

  head() {
    this.list = h("ul.lines", { "aria-label": "Teams" });
    const input = h("input", { required: true, maxLength: 60, autocomplete: "off", placeholder: "For example Billing" });
    const made = form({
      fields: [field("name", "New team", input)],
      yes: "Make the team",
      save: async ({ name }) => {
        const team = await api.post("/teams", { name });
        input.value = "";
        toast(`There is a team ${team.name} now. Put people into it under People.`);
        await this.load();
        input.focus();
      },
    });
    made.node.className = "quick-form";
    return made.node;
  }

  async read() { return (await api.get("/teams")).teams; }

  draw(teams) {
    redraw(this.list, teams.map((one) => this.#row(one)));
    fill(this.body, teams.length ? this.list : nothing("people", "There are no teams yet", "Without teams everybody shares one queue. With teams, agents can pass a conversation on to those who know more."));
  }

  #row(one) {
    return h("li.line-row", { dataset: { id: one.name } }, h("span.line-shape", icon("people")),
      h("div.line-main", h("p.line-top", h("b", { dir: "auto" }, one.name)), h("p.quiet.line-sub", said(one.agents, "person", "people"), ", ", said(one.waiting, "conversation waits", "conversations wait"))),
      one.waiting > 0 && h("div.line-facts", h("span.tag.warn", `${one.waiting} waiting`)),
      h("div.line-actions", h("button.icon-button", { type: "button", "aria-label": `Remove ${one.name}`, title: "Remove", onclick: () => this.#remove(one) }, icon("trash"))));
  }

  async #remove(one) {
    if (!(await confirmed(`Remove the team ${one.name}?`, "Nothing can be passed to it any more. This works only while no person, conversation or canned reply is in it.", { yes: "Remove", danger: true }))) return;
    try {
      await api.delete(`/teams/${encodeURIComponent(one.name)}`);
      toast(`The team ${one.name} is gone.`);
    } catch (error) { toast(error.message, { kind: "error", ms: 12_000 }); }
    this.load();
  }
}

customElements.define("desk-admin-teams", Teams);
