// The line on top for what concerns everything: no connection, not taking work, alerts that cannot reach anybody, a
// newer version of this page.

import { askPermission, canAsk, soundBlocked } from "./alerts.js";
import { take } from "./availability.js";
import { announce, fill, h, icon } from "./dom.js";
import { go, live, may, on, route, state } from "./store.js";

const PATIENCE = 2500; // milliseconds without a connection before it is worth a word
const ASSETS = /\/desk\/assets\/(\w+)\//;
const mine = ASSETS.exec(import.meta.url)?.[1];

class Banner extends HTMLElement {
  #ends = [];
  #timer = 0;
  #lost = false;
  #newer = false;
  #declined = new Set();

  connectedCallback() {
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Notices");
    const draw = () => this.#draw();
    addEventListener("offline", draw);
    addEventListener("online", draw);
    this.#ends = [on("connection", (now) => this.#connection(now)), on("me", (me) => me && draw()), on("alerts", draw), on("prefs", draw), on("route", draw), on("resync", () => this.#version()),
      () => { removeEventListener("offline", draw); removeEventListener("online", draw); clearTimeout(this.#timer); }];
    this.#draw();
  }

  disconnectedCallback() { for (const end of this.#ends.splice(0)) end(); }

  #connection(now) {
    clearTimeout(this.#timer);
    if (now === "online") {
      if (this.#lost) announce("Connected again.");
      this.#lost = false;
    } else if (!this.#lost) this.#timer = setTimeout(() => { this.#lost = true; this.#draw(); }, PATIENCE);
    this.#draw();
  }

  /** After each gap the server may be a newer one, with a newer page. */
  async #version() {
    try {
      const page = await (await fetch("/desk", { cache: "no-store" })).text();
      const now = ASSETS.exec(page)?.[1];
      this.#newer = Boolean(mine && now && now !== mine);
      this.#draw();
    } catch { /* the next gap shows it */ }
  }

  #draw() {
    const say = this.#what();
    const key = say ? say.name + say.text : "";
    if (key === this.dataset.key) return;
    this.dataset.key = key;
    this.hidden = !say;
    if (!say) { fill(this); return; }
    fill(this, h(`div.banner.${say.kind}`, { dataset: { name: say.name }, role: say.kind === "warn" ? "alert" : null }, icon(say.shape), h("p", h("strong", say.title), h("span", ` ${say.text}`)),
      say.action && h("button.button", { type: "button", onclick: say.run }, say.action),
      say.no && h("button.text-button", { type: "button", onclick: () => { this.#declined.add(say.name); this.#draw(); } }, say.no)));
  }

  #what() { return [this.#gone(), this.#offduty(), this.#version_(), this.#silent(), this.#ask(), this.#named()].find((one) => one && !this.#declined.has(one.name)); }

  #gone() {
    if (!this.#lost || state.connection === "online") return null;
    const text = navigator.onLine === false ? "This device is offline. What you see may be out of date; what you write is kept." : "What you see may be out of date; what you write is kept. Trying again by itself.";
    return { name: "gone", kind: "warn", shape: "warn", title: "No connection.", text, action: "Try now", run: () => live.hurry() };
  }

  #offduty() {
    if (!may("answer") || state.me?.state !== "offline") return null;
    return { name: "offline", kind: "info", shape: "bell", title: "You are offline.", text: "Go online to be told when somebody waits, and to be passed conversations.", action: "Go online", run: () => take("online"), no: "Not now" };
  }

  #version_() {
    if (!this.#newer) return null;
    return { name: "newer", kind: "info", shape: "info", title: "There is a newer version of the desk.", text: "Your drafts are kept.", action: "Load it", run: () => location.reload(), no: "Later" };
  }

  #silent() {
    if (!soundBlocked()) return null;
    return { name: "silent", kind: "info", shape: "mute", title: "Alerts are silent.", text: "The browser plays no sound until you click or press a key on this page.", no: "All right" };
  }

  #named() {
    const { name, email } = state.me ?? {};
    if (email !== "admin@localhost" || name !== "Support" || route().view === "me") return null;
    return { name: "named", kind: "info", shape: "mine", title: "Customers see you as “Support”.", text: "Write the name that they should see.", action: "Write it", run: () => go("me"), no: "Leave it" };
  }

  #ask() {
    if (!canAsk()) return null;
    return { name: "ask", kind: "info", shape: "bell", title: "Somebody is waiting.", text: "Be told by the browser too, when this page is not in sight?", action: "Allow", run: () => askPermission(), no: "No" };
  }
}

customElements.define("desk-banner", Banner);
