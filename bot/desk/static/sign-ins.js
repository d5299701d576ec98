// Sign-ins and tokens: on what device, since when, last seen; each can be ended.

import { api } from "./api.js";
import { confirmed, dialog, fill, h, icon, toast } from "./dom.js";
import { ago, due, fullTime } from "./format.js";
import { failed, ghosts, nothing, redraw } from "./panel.js";

const BROWSERS = [[/Edg(?:e|A|iOS)?\//, "Edge"], [/OPR\//, "Opera"], [/SamsungBrowser\//, "Samsung Internet"], [/Firefox\/|FxiOS\//, "Firefox"], [/CriOS\/|Chrom(?:e|ium)\/|HeadlessChrome\//, "Chrome"], [/Safari\//, "Safari"]];
const SYSTEMS = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS X|Macintosh/, "Mac"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]];

/** Return "Firefox on Windows" for what a browser says of itself. */
export function device(client) {
  const [browser, system] = [BROWSERS, SYSTEMS].map((known) => known.find(([pattern]) => pattern.test(client))?.[1]);
  return browser && system ? `${browser} on ${system}` : browser || system || client.slice(0, 40) || "Unknown device";
}

const nameOf = (one) => (one.kind === "token" ? one.label || "Token without a name" : device(one.client));

/** A list of sign-ins: of `agent` (an attribute with an id), or my own. Fires `loaded` with them. */
class SignIns extends HTMLElement {
  connectedCallback() {
    this.list = h("ul.lines", { "aria-label": "Sign-ins and tokens" });
    fill(this, ghosts(2));
    this.load();
  }

  async load() {
    try {
      const { sessions } = await api.get("/sessions", { agent_id: this.getAttribute("agent") });
      sessions.sort((a, b) => b.current - a.current || b.seen_at.localeCompare(a.seen_at));
      redraw(this.list, sessions.map((one) => this.#row(one)));
      fill(this, sessions.length ? this.list : nothing("web", "No sign-ins", "They are not signed in anywhere at the moment."));
      this.dispatchEvent(new CustomEvent("loaded", { detail: sessions }));
    } catch (error) { fill(this, failed(error, () => this.load())); }
  }

  #row(one) {
    const token = one.kind === "token";
    const time = (at, text) => h("time", { dateTime: at, title: fullTime(at) }, text);
    return h("li.line-row", { dataset: { id: one.id } }, h("span.line-shape", icon(token ? "code" : /Android|iPhone/.test(one.client) ? "phone" : "web")),
      h("div.line-main", h("p.line-top", h("b", { dir: "auto", title: one.client }, nameOf(one)), token && h("span.tag", "Token"), one.current && h("span.tag.accent", "This browser")),
        h("p.quiet.line-sub", "Seen ", time(one.seen_at, seen(one.seen_at)), one.address && `, from ${one.address}`, ". Since ", time(one.created_at, due(one.created_at)), ", until ", time(one.expires_at, due(one.expires_at)), ".")),
      !one.current && h("div.line-actions", h("button.button", { type: "button", "aria-label": `${token ? "Revoke" : "Sign out"} ${nameOf(one)}`, onclick: () => this.#end(one) }, token ? "Revoke" : "Sign out")));
  }

  async #end(one) {
    const text = one.kind === "token" ? "The program that uses this token is refused from now on." : "That page is signed out at once. Drafts stay in that browser.";
    if (!(await confirmed(one.kind === "token" ? `Revoke ${nameOf(one)}?` : `Sign out ${nameOf(one)}?`, text, { yes: one.kind === "token" ? "Revoke" : "Sign out", danger: true }))) return;
    try { await api.delete(`/sessions/${one.id}`); } catch (error) { if (error.status !== 404) { toast(error.message, { kind: "error" }); return; } }
    this.load();
  }
}

/** Return "just now", "4m ago", "3 Dec": how long ago in few letters, in a sentence. */
export function seen(at) {
  const said = ago(at);
  return said === "now" ? "just now" : /^\d+[mhd]$/.test(said) ? `${said} ago` : said;
}

customElements.define("desk-sign-ins", SignIns);

/** Show somebody's sign-ins in a dialog. Resolves to null. */
export const sessionsOf = (person) => dialog({
  title: `Where ${person.name} is signed in`,
  name: "sign-ins",
  build: () => h("div.dialog-body", h("desk-sign-ins", { agent: person.id })),
});
