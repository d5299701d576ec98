// One conversation in a list: who, what was said last and by whom, and what an agent must know before opening it.
// A row stays the same element while its conversation changes, so that it keeps the focus.

import { fill, h, hidden, icon } from "./dom.js";
import { ago, channelName, clock, customerName, due, fullTime, initials, reasonName, tone, waited } from "./format.js";
import { path, state } from "./store.js";
import { viewersOf } from "./viewers.js";

const LONG = 5 * 60_000, TOO_LONG = 15 * 60_000; // milliseconds of waiting
const CHANNEL_ICONS = { webchat: "web", rest: "code", telegram: "send", whatsapp: "chat" };

/** Return the word for a priority, or null where it is the usual one. */
const urgency = (priority) => priority >= 40 ? { text: "Back again", kind: "danger" } : priority >= 30 ? { text: "Urgent", kind: "danger" } : priority >= 20 ? { text: "High", kind: "warn" } : null;

export class Row {
  #look = "";

  constructor(view) {
    this.view = view;
    this.link = h("a.case");
    this.node = h("li", this.link);
  }

  /** Show this state of the conversation; `open` says whether it is the one beside the list. */
  update(row, open) {
    this.data = row;
    this.link.toggleAttribute("data-open", open);
    if (open) this.link.setAttribute("aria-current", "true"); else this.link.removeAttribute("aria-current");
    const viewers = viewersOf(row.id);
    const look = JSON.stringify([row, viewers, state.me?.id]);
    if (look === this.#look) return;
    this.#look = look;
    const name = customerName(row);
    this.link.href = path(this.view, row.id);
    this.link.dataset.id = row.id;
    const unread = people(row) ? row.unread : 0; // what the assistant answers waits for nobody
    this.link.classList.toggle("is-unread", unread > 0);
    fill(this.link, this.#face(row, name),
      h("span.case-main",
        h("span.case-top", h("span.case-name", { dir: "auto" }, name), this.#when(row)),
        h("span.case-text", this.#said(row), unread > 0 && h("span.badge", String(Math.min(unread, 99)), hidden(unread === 1 ? " unread message" : " unread messages"))),
        h("span.case-tags", this.#tags(row), this.#viewers(viewers))));
    this.tick(Date.now());
  }

  /** Let its clocks go on. */
  tick(now) {
    for (const clock of this.link.querySelectorAll("time[data-since]")) {
      const since = clock.dataset.since;
      const text = clock.dataset.waits ? waited(since, now) : ago(since, now);
      if (clock.firstChild.data !== text) clock.firstChild.data = text;
      if (clock.dataset.waits) clock.dataset.kind = now - Date.parse(since) > TOO_LONG ? "danger" : now - Date.parse(since) > LONG ? "warn" : "";
    }
  }

  #face(row, name) {
    return h("span.case-face", { "aria-hidden": "true" }, h("span.face", { dataset: { tone: tone(name) } }, row.customer_name ? initials(name) : icon("mine")),
      h("span.case-channel", icon(CHANNEL_ICONS[row.channel] ?? "chat")));
  }

  #when(row) {
    const waits = row.owner === "queue" && row.waiting_since;
    const at = waits ? row.waiting_since : row.last_message?.created_at ?? row.updated_at;
    return h(`time.case-when${waits ? ".waits" : ""}`, { dateTime: at, title: `${waits ? "Waiting since " : ""}${fullTime(at)}`, dataset: { since: at, ...(waits ? { waits: "1" } : {}) } },
      document.createTextNode(""), waits && hidden(" waiting"));
  }

  #said(row) {
    const last = row.last_message;
    if (!last) return h("span.case-said.quiet", "No messages yet");
    const files = last.attachments.length;
    const text = last.text || (files ? `${files === 1 ? "A file" : `${files} files`}` : last.kind === "location" ? "A location" : "");
    return h("span.case-said", last.kind === "note" && h("span.case-note", "Note"), author(last), h("bdi", text.slice(0, 200)));
  }

  #tags(row) {
    const owner = this.view === "queue" || this.view === "mine" || this.view === "bot" ? null : whose(row);
    const level = row.owner === "queue" ? urgency(row.priority) : null;
    const reason = (row.owner === "queue" || row.owner === "agent") && row.reason;
    return [
      row.failed && h("span.tag.danger", icon("warn"), "Failed"),
      level && h(`span.tag.${level.kind}`, level.text),
      row.task && this.#task(row.task),
      owner && h(`span.tag${owner.kind ? "." + owner.kind : ""}`, owner.text),
      this.#window(row),
      h("span.case-facts", [reason && reasonName(reason), channelName(row.channel), row.team].filter(Boolean).join(" · ")),
    ];
  }

  #task(task) {
    const late = task.due_at && Date.parse(task.due_at) < Date.now();
    return h(`span.tag.${late ? "danger" : "warn"}`, { title: task.due_at ? fullTime(task.due_at) : "" }, icon("work"), task.due_at ? `${late ? "Was due" : "Due"} ${due(task.due_at)}` : "To do");
  }

  #window(row) {
    if (!row.reply_until || row.owner === "nobody" || row.owner === "bot") return null;
    const left = Date.parse(row.reply_until) - Date.now();
    if (left > 4 * 3_600_000) return null;
    return h("span.tag.danger", { title: fullTime(row.reply_until) }, left > 0 ? `Reply by ${clock(row.reply_until)}` : "Reply window over");
  }

  #viewers(viewers) {
    if (!viewers.length) return null;
    return h("span.case-viewers", hidden("Also here: "), viewers.slice(0, 3).map((one) =>
      h("span.face", { title: `${one.name} is looking at this`, dataset: { tone: tone(one.name) } }, h("span", { "aria-hidden": "true" }, initials(one.name)), hidden(`${one.name} `))));
  }
}

const people = (row) => row.owner === "queue" || row.owner === "agent" || row.task;

function author(message) {
  if (message.author === "customer") return null;
  const name = message.author === "bot" ? "Assistant" : message.author_id === state.me?.id ? "You" : message.author_name || "Agent";
  return h("span.case-author", { dir: "auto" }, `${name}: `);
}

function whose(row) {
  if (row.owner === "agent") return row.assignee === state.me?.id ? { text: "You", kind: "accent" } : { text: row.assignee_name || "An agent", kind: "good" };
  return { queue: { text: "In the queue", kind: "warn" }, bot: { text: "Assistant", kind: "bot" }, nobody: { text: "Closed", kind: "" } }[row.owner];
}
