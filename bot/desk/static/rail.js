// The rail: the lists with what is in them, whether I take work, the connection, and the ways to everything else.
// On narrow screens the same element opens as a drawer.

import "./availability.js";
import { dialog, fill, h, hidden, icon, iconButton } from "./dom.js";
import { few, initials, sentence, tone, waited } from "./format.js";
import { readable, run } from "./keys.js";
import { may, on, path, route, state } from "./store.js";
import { sections, VIEWS } from "./views.js";

const CONNECTION = { online: "Live", connecting: "Connecting", offline: "No connection" };

class Rail extends HTMLElement {
  #ends = [];
  #links = new Map();

  connectedCallback() {
    if (!this.closest("dialog")) this.setAttribute("role", "banner");
    this.line = h("span.line");
    fill(this, h("div.rail-head", h("span.brand", icon("chat"), h("span", "Baton")), this.line),
      h("button.rail-search", { type: "button", onclick: () => run("search") }, icon("search"), h("span", "Search"), h("kbd", "/")),
      this.#lists(), this.#administration(), h("div.rail-space"), may("answer") && h("desk-availability"), (this.foot = this.#foot()));
    this.#ends = [on("counts", () => this.#draw()), on("route", () => this.#draw()), on("connection", () => this.#draw()), on("me", (me) => me && this.#named(me))];
    this.#draw();
  }

  disconnectedCallback() { for (const end of this.#ends.splice(0)) end(); }

  #named({ name }) {
    const face = this.foot.querySelector(".face");
    this.foot.querySelector("b").textContent = name;
    face.textContent = initials(name);
    face.dataset.tone = tone(name);
  }

  #lists() {
    const link = (view) => {
      const count = h("span.rail-count");
      const node = h("a.rail-link", { href: path(view.id), title: `${view.title} (${readable(view.keys)})` }, icon(view.shape), h("span", view.title), count);
      this.#links.set(view.id, { node, count, view });
      return h("li", node);
    };
    const half = (first) => h("ul", VIEWS.filter((one) => Boolean(one.first) === first).map(link));
    return h("nav.rail-lists", { "aria-label": "Conversations" }, half(true), half(false));
  }

  #administration() {
    const found = sections();
    if (!found.length) return null;
    const node = h("a.rail-link", { href: path("admin", found[0].id) }, icon("shield"), h("span", found.length === 1 ? found[0].title : "Administration"));
    this.#links.set("admin", { node });
    return h("nav.rail-lists", { "aria-label": "Administration" }, h("ul", h("li", node)));
  }

  #foot() {
    const { name, role } = state.me;
    const me = h("a.rail-me", { href: path("me"), title: "Your profile and security" }, h("span.face", { dataset: { tone: tone(name) }, "aria-hidden": "true" }, initials(name)), h("span", h("b", { dir: "auto" }, name), h("small", sentence(role))));
    this.#links.set("me", { node: me });
    return h("div.rail-foot", me, iconButton("settings", "Settings", () => run("settings"), { key: "," }), iconButton("help", "Keys and help", () => run("help"), { key: "?" }), iconButton("out", "Sign out", () => run("sign-out")));
  }

  #draw() {
    const { view } = route();
    this.line.dataset.state = state.connection;
    this.line.title = CONNECTION[state.connection];
    fill(this.line, h("i"), h("span", CONNECTION[state.connection]));
    for (const [id, link] of this.#links) {
      if (id === view) link.node.setAttribute("aria-current", "page"); else link.node.removeAttribute("aria-current");
      if (link.view) this.#count(link);
    }
  }

  #count({ node, count, view }) {
    const n = state.counts[view.count] ?? 0;
    const fresh = state.counts[view.fresh] ?? 0;
    const key = `${n} ${fresh}`;
    if (count.dataset.key === key) return;
    count.dataset.key = key;
    node.classList.toggle("waits", view.id === "queue" && n > 0);
    const oldest = view.id === "queue" && state.counts.oldest_waiting_since;
    node.title = `${view.title} (${readable(view.keys)})${oldest ? `, the longest wait is ${waited(oldest)}` : ""}`;
    fill(count, n > 0 && h("span", few(n)), fresh > 0 && h("i.fresh", hidden(`, ${fresh} unread`)));
  }
}

customElements.define("desk-rail", Rail);

/** Open the rail as a drawer; choosing something closes it. */
export function drawer() {
  let end = () => {};
  return dialog({
    name: "drawer",
    label: "Menu",
    build: (close) => {
      end = on("route", () => close());
      const rail = h("desk-rail");
      rail.addEventListener("click", (event) => { if (event.target.closest("a, .rail-search, .icon-button")) close(); }, { capture: true });
      return rail;
    },
  }).finally(() => end());
}

/** The bar at the foot of a phone's screen, and the thin rail of a tablet. */
class Bar extends HTMLElement {
  #ends = [];

  connectedCallback() {
    this.#ends = [on("counts", () => this.#draw()), on("route", () => this.#draw()), on("me", (me) => me && this.#draw())];
    this.links = VIEWS.filter((one) => one.first).map((view) => ({ view, count: h("span.bar-count"), node: h("a.bar-item", { href: path(view.id) }) }));
    for (const { node, view, count } of this.links) fill(node, icon(view.shape), h("span", view.title), count);
    this.dot = h("i");
    this.more = h("button.bar-item", { type: "button", "aria-haspopup": "dialog", onclick: () => drawer() }, icon("menu"), h("span", "More"), this.dot);
    fill(this, h("nav", { "aria-label": "Views" }, this.links.map((one) => one.node), h("button.bar-item", { type: "button", onclick: () => run("search") }, icon("search"), h("span", "Search")), this.more));
    this.#draw();
  }

  disconnectedCallback() { for (const end of this.#ends.splice(0)) end(); }

  #draw() {
    const { view: now } = route();
    this.dot.dataset.state = state.me?.state ?? "";
    for (const { view, count, node } of this.links) {
      const n = (view.fresh && view.id !== "queue" ? state.counts[view.fresh] : state.counts[view.count]) ?? 0;
      if (view.id === now) node.setAttribute("aria-current", "page"); else node.removeAttribute("aria-current");
      fill(count, n > 0 && few(n), n > 0 && hidden(view.id === "mine" ? " unread" : ""));
    }
  }
}

customElements.define("desk-bar", Bar);
