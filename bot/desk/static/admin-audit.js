// The audit log: found by words, person, kind, conversation and time; read as sentences; kept as a file.

import { api } from "./api.js";
import { actorName, deed, KINDS } from "./audit-words.js";
import { fill, h, icon, toast } from "./dom.js";
import { choice } from "./form.js";
import { clock, day, fullTime, initials, tone } from "./format.js";
import { failed, ghosts, nothing } from "./panel.js";
import { on, path, state } from "./store.js";

const PAGE = 60;
const SHAPES = { conversation: "chat", customer: "bolt", order: "box", correction: "edit", session: "key", totp: "shield", token: "code", agent: "people", team: "people", canned: "bolt", hours: "clock", audit: "download" };

class Audit extends HTMLElement {
  #ends = [];
  #turn = 0;
  #timer = 0;

  connectedCallback() {
    const soon = () => { clearTimeout(this.#timer); this.#timer = setTimeout(() => this.load(), 250); };
    const input = (name, type, label, more = {}) => h("input", { type, name, "aria-label": label, oninput: soon, ...more });
    this.actor = choice([], "", { name: "actor", "aria-label": "Who", onchange: soon });
    this.filters = h("form.audit-filters", { role: "search", "aria-label": "Audit log", onsubmit: (event) => { event.preventDefault(); this.load(); } },
      input("q", "search", "Search the log", { placeholder: "Search the log", maxLength: 100 }), this.actor, choice(KINDS, "", { name: "action", "aria-label": "What", onchange: soon }),
      h("label.between", h("span", "From"), input("since", "date", "From")), h("label.between", h("span", "to"), input("until", "date", "Until and including")),
      input("conversation_id", "text", "Conversation's id", { placeholder: "Conversation's id", maxLength: 64, spellcheck: false }));
    this.export = h("a.button", { download: "audit.csv" }, icon("download"), "Export as CSV");
    this.clear = h("button.text-button", { type: "button", onclick: () => { this.filters.reset(); this.load(); } }, "Clear filters");
    this.list = h("div.audit-list");
    this.foot = h("div.audit-foot");
    this.status = h("p.quiet", { role: "status" });
    fill(this, this.filters, h("div.audit-tools", this.status, this.clear, this.export), this.list, this.foot);
    this.#people();
    this.watch = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) this.#more(); }, { rootMargin: "400px" });
    this.watch.observe(this.foot);
    this.#ends = [on("agents", () => this.#people()), () => this.watch.disconnect(), () => clearTimeout(this.#timer)];
    this.load();
  }

  disconnectedCallback() { for (const end of this.#ends.splice(0)) end(); }

  #people() {
    const chosen = this.actor.value;
    const people = [...state.agents.values()].sort((a, b) => a.name.localeCompare(b.name)).map((one) => [one.id, one.name]);
    fill(this.actor, [["", "Everybody"], ...people, ["bot", "The assistant"], ["customer", "Customers"], ["system", "Baton itself"]].map(([id, name]) => h("option", { value: id, selected: id === chosen }, name)));
  }

  /** Return the filter as the API takes it; days are whole days of this browser's time zone. */
  #wanted() {
    const { q, actor, action, since, until, conversation_id: about } = Object.fromEntries(new FormData(this.filters));
    const at = (text, days) => { const [y, m, d] = text.split("-").map(Number); return new Date(y, m - 1, d + days).toISOString(); };
    const wanted = { q: q.trim(), actor, action, since: since && at(since, 0), until: until && at(until, 1), conversation_id: about.trim() };
    return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value));
  }

  async load() {
    const wanted = this.#wanted();
    const turn = ++this.#turn;
    this.clear.hidden = !Object.keys(wanted).length;
    this.export.href = `/api/v1/audit.csv?${new URLSearchParams(wanted)}`;
    this.wanted = wanted;
    this.after = "";
    if (!this.list.childElementCount) fill(this.list, ghosts(8));
    try {
      const page = await api.get("/audit", { ...wanted, limit: PAGE });
      if (turn === this.#turn) this.#first(page);
    } catch (error) {
      if (turn === this.#turn) fill(this.list, failed(error, () => { fill(this.list); this.load(); }));
    }
  }

  #first({ entries, after }) {
    this.count = 0;
    this.day = "";
    fill(this.list);
    if (entries.length) this.#add(entries, after);
    else { fill(this.list, nothing("search", "Nothing fits", "Try fewer filters, or another time.")); fill(this.foot); this.status.textContent = "No entries"; }
  }

  #add(entries, after) {
    this.after = after;
    for (const entry of entries) {
      const date = day(entry.at);
      if (date !== this.day) {
        this.day = date;
        this.rows = h("ol.audit-day");
        this.list.append(h("h2.audit-date", date), this.rows);
      }
      this.rows.append(this.#row(entry));
    }
    this.count += entries.length;
    this.status.textContent = after ? `The newest ${this.count} entries` : `${this.count} ${this.count === 1 ? "entry" : "entries"}`;
    fill(this.foot, after ? h("button.button", { type: "button", onclick: () => this.#more() }, "Show more") : h("p.quiet", "That is all."));
    if (after) { this.watch.unobserve(this.foot); this.watch.observe(this.foot); }
  }

  async #more() {
    if (!this.after || this.reading) return;
    this.reading = true;
    const turn = this.#turn;
    try {
      const { entries, after } = await api.get("/audit", { ...this.wanted, after: this.after, limit: PAGE });
      if (turn === this.#turn) this.#add(entries, after);
    } catch (error) { toast(error.message, { kind: "error" }); } finally { this.reading = false; }
  }

  #row(entry) {
    const who = actorName(entry);
    const person = Boolean(entry.actor_name);
    const facts = { ...(entry.detail ?? {}), action: entry.action, actor: entry.actor, id: entry.id };
    return h("li.audit-row", person ? h("span.face", { dataset: { tone: tone(who) }, "aria-hidden": "true" }, initials(who)) : h("span.line-shape", icon(entry.actor === "bot" ? "bot" : SHAPES[entry.action.split(".")[0]] ?? "info")),
      h("div.line-main", h("p", { dir: "auto" }, h("b", who), " ", deed(entry, (id) => state.agents.get(id)?.name || "somebody")),
        h("div.audit-links", entry.conversation_id && h("a", { href: path("all", entry.conversation_id) }, "Open the conversation"), h("details", h("summary", "Details"), h("pre", { tabIndex: 0, "aria-label": "Details" }, JSON.stringify(facts, null, 2))))),
      h("time.quiet", { dateTime: entry.at, title: fullTime(entry.at) }, clock(entry.at)));
  }
}

customElements.define("desk-admin-audit", Audit);
