// The administration: its parts as tabs, each of them for who may see it.

import "./admin-audit.js";
import "./admin-canned.js";
import "./admin-corrections.js";
import "./admin-hours.js";
import "./admin-people.js";
import "./admin-teams.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { go, path } from "./store.js";
import { sections } from "./views.js";

const ABOUT = {
  people: "Who works at the desk, and what each of them may do.",
  teams: "Where conversations can be passed to, and who belongs there.",
  canned: "What agents write again and again, ready to be put into a reply.",
  hours: "When people answer. The assistant tells customers outside these hours.",
  corrections: "Messages that the assistant misread, and what agents say they meant.",
  audit: "Who did what, and when. Nothing here can be changed.",
};

class Admin extends HTMLElement {
  static observedAttributes = ["section"];

  connectedCallback() { this.#show(); }
  attributeChangedCallback() { if (this.isConnected) this.#show(); }

  #show() {
    const found = sections();
    const chosen = found.find((one) => one.id === this.getAttribute("section"));
    if (!chosen) { fill(this, this.#closed()); return; }
    const back = iconButton("back", "Back to the conversations", () => go("queue"), { name: "only-phone" });
    const tabs = found.length > 1 && h("nav.admin-tabs", { "aria-label": "Parts of the administration" }, h("ul", found.map((one) =>
      h("li", h("a", { href: path("admin", one.id), "aria-current": one === chosen ? "page" : null }, one.title)))));
    fill(this, h("div.page", h("header.page-head", back, h("div", h("h1", chosen.title), h("p", ABOUT[chosen.id]))), tabs,
      h(`desk-admin-${chosen.id}`)));
    this.querySelector(".admin-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    this.scrollTop = 0;
  }

  #closed() {
    return h("div.empty", icon("lock"), h("h1", "This is not for you"), h("p", "Your role does not include this part. A supervisor or an administrator can help."),
      h("a.button", { href: path("queue") }, "To the queue"));
  }
}

customElements.define("desk-admin", Admin);
