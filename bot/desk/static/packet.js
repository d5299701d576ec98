// The card beside a conversation, to be read in ten seconds: why a person is needed, what they want, what is open, who
// this is, what was done; then orders, what the assistant understood (first, if it missed something), other
// conversations, and how it went before.

import { fill, h, icon } from "./dom.js";
import { ago, channelName, clock, fullTime, lasting, reasonName, sentence } from "./format.js";
import { SMALL_TALK, copyable, effect, evidence, part, priority, rating, trust, wants } from "./facts.js";
import { intents } from "./intents.js";
import { OrdersPart } from "./orders.js";
import { go, path, route } from "./store.js";
import { bars } from "./understood.js";

const SHAPES = { frustrated: "warn", vip: "star", engine_down: "warn", business_rule: "shield", not_understood: "help", asked_for_human: "people", agent_requested: "mine" };
const HEARD = ["detail", "entries", "orders"];
const TURNS = 3; // shown at once; more with a click

class PacketCard extends HTMLElement {
  #end = null;
  #parts = new Map(); // name -> {node, key}

  connectedCallback() {
    this.body = h("div.facts");
    fill(this, this.body);
    this.orders = new OrdersPart();
  }

  disconnectedCallback() { this.#end?.(); this.orders.end(); }

  /** Show what is known in this thread, and keep it up to date. */
  show(thread) {
    this.thread = thread;
    const draw = () => this.#draw();
    for (const name of HEARD) thread.addEventListener(name, draw);
    this.#end = () => { for (const name of HEARD) thread.removeEventListener(name, draw); };
    this.orders.show(thread);
    intents().then(() => { this.#parts.clear(); draw(); }, () => {});
    fill(this.body, [5, 3, 4].map((lines) => h("div.part.skeleton", { "aria-hidden": "true" }, Array.from({ length: lines }, () => h("i")))));
    draw();
  }

  /** Bring each part up to date whose facts changed; the others are not touched, so what is open stays open. */
  #draw() {
    const { detail } = this.thread;
    if (!detail || detail.packet === undefined) return;
    const { packet } = detail;
    const missed = packet?.failed_turns > 0;
    const understood = packet?.turns.length > 0 && this.#part("turns", turns(packet));
    const made = [
      packet && this.#part("why", why(packet)),
      packet && this.#part("wants", wants(packet)),
      packet?.still_open.length > 0 && this.#part("open", open(packet)),
      this.#part("who", who(detail, this.thread.known)),
      packet?.done.length > 0 && this.#part("done", done(packet)),
      missed && understood,
      this.orders.node,
      !missed && understood,
      packet?.other_conversations.length > 0 && this.#part("others", others(packet)),
      this.#part("before", before(this.thread)),
    ].filter(Boolean);
    const there = [...this.body.children];
    if (made.length !== there.length || made.some((node, i) => node !== there[i])) {
      const top = this.scrollTop; // one reads on where one was
      fill(this.body, made);
      this.scrollTop = top;
    }
  }

  /** Return the node of a part, made anew only if what it says is different. */
  #part(name, node) {
    if (!node) return null;
    const key = node.textContent;
    const known = this.#parts.get(name);
    if (known?.key === key) return known.node;
    this.#parts.set(name, { node, key });
    return node;
  }
}

function why(packet) {
  const [level, said] = priority(packet.priority);
  return h(`section.part.why.${packet.reason}`,
    h("div.why-head", icon(SHAPES[packet.reason] ?? "info"), h("h2", reasonName(packet.reason)), said && h(`span.tag.${level}`, said),
      h("time.quiet", { dateTime: packet.requested_at, title: fullTime(packet.requested_at) }, clock(packet.requested_at))),
    packet.reason !== "asked_for_human" && h("p", packet.reason_text), evidence(packet.evidence),
    packet.team && h("p.quiet", `For team ${packet.team}${packet.skills.length ? ` · ${packet.skills.join(", ")}` : ""}`));
}

const open = (packet) => part("Still open", h("ul.open-list", packet.still_open.map((text) => h("li", { dir: "auto" }, text))));

function done(packet) {
  return part("Done and tried", h("ul.effects", packet.done.map(effect)));
}

// --- who

function who(detail, known) {
  const { profile } = known;
  const { customer } = detail;
  const name = profile?.name || detail.customer_name || customer?.name;
  const mail = profile?.email || customer?.email;
  const phone = profile?.phone || customer?.phone;
  const rows = [
    mail && ["E-mail", copyable(mail)],
    phone && ["Phone", copyable(phone)],
    profile?.address && ["Address", h("span", { dir: "auto" }, profile.address)],
    profile?.since && ["Customer", `for ${lasting((Date.now() - new Date(profile.since)) / 1000).replace(/^(\d+) days?$/, (_, days) => years(Number(days)))}`],
    profile?.points != null && ["Points", profile.points.toLocaleString()],
    detail.channel !== "webchat" && detail.address && ["On " + channelName(detail.channel), copyable(detail.address)],
  ].filter(Boolean);
  return part("Customer",
    h("p.who-line", h("strong", { dir: "auto" }, name || "Nobody we know"), profile?.tier && h(`span.tag${profile.tier === "standard" ? "" : ".tier"}`, profile.tier !== "standard" && icon("star"), sentence(profile.tier)), profile?.ref && h("code", profile.ref)),
    trust(detail.packet?.trust ?? customer?.trust),
    rows.length > 0 && h("dl.pairs", rows.map(([label, value]) => [h("dt", label), h("dd", value)])),
    profile?.notes?.length > 0 && h("ul.profile-notes", profile.notes.map((note) => h("li", { dir: "auto" }, note))),
    h("p.quiet", profile ? `From ${known.source}, ${age(known.age)}` : "Nothing is on file: no profile belongs to this conversation."));
}

const age = (seconds) => seconds == null ? "of unknown age" : seconds < 90 ? "just now" : `${lasting(seconds)} old`;
const years = (days) => days > 730 ? `${Math.floor(days / 365)} years` : days > 60 ? `${Math.floor(days / 30)} months` : `${days} days`;

// --- why the assistant stopped

function turns(packet) {
  const said = new Set(packet.evidence?.texts ?? []);
  const all = packet.turns.filter((turn) => turn.failed || turn.fallback || said.has(turn.text) || (turn.intents.length && !SMALL_TALK.has(turn.intents[0].name)));
  if (!all.length) return null;
  const lines = all.map((turn) => line(turn, said)).reverse();
  return part(packet.failed_turns ? `What the assistant understood · ${packet.failed_turns} missed` : "What the assistant understood",
    h("ol.turns", lines.slice(0, TURNS)),
    lines.length > TURNS && h("details.more-turns", h("summary", `${lines.length - TURNS} earlier`), h("ol.turns", lines.slice(TURNS))));
}

function line(turn, said) {
  const missed = turn.fallback || said.has(turn.text);
  return h(`li.turn${turn.failed || missed ? ".missed" : ""}`,
    h("button.turn-text", { type: "button", dir: "auto", title: "Show this message", onclick: (event) => event.target.dispatchEvent(new CustomEvent("go-to", { bubbles: true, detail: turn.seq })) }, turn.text),
    turn.failed ? h("span.tag.danger", "Failed") : missed && h("span.tag.warn", "Not understood"),
    turn.intents.length > 0 && bars(turn.intents, missed ? 3 : 1));
}

// --- elsewhere, and before

const OWNERS = { bot: "with the assistant", queue: "in the queue", agent: "with an agent", nobody: "closed" };

const others = (packet) => part("Other conversations", h("ul.others", packet.other_conversations.map((one) => h("li", h("a", {
  href: path(route().view, one.id), onclick: (event) => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); go(route().view, one.id); } },
}, icon(one.channel === "webchat" ? "web" : one.channel === "rest" ? "code" : "chat"), h("span", channelName(one.channel)), h("span.quiet", `${OWNERS[one.owner] ?? one.owner} · ${ago(one.updated_at)}`))))));

function before({ entries, detail }) {
  const asked = entries.filter((one) => one.kind === "event" && one.event === "handoff_requested").slice(0, -1);
  const judged = detail.rating;
  if (!asked.length && !judged) return null;
  return part("Before", judged && rating(judged), asked.length > 0 && h("ul.handoffs", asked.reverse().slice(0, 5).map((one) => h("li", icon("transfer"), reasonName(one.custom?.reason), h("span.quiet", { title: fullTime(one.created_at) }, ago(one.created_at))))));
}

customElements.define("desk-packet", PacketCard);
