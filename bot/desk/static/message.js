// One entry of the transcript as a row: who, what, and what became of it. Rows are made anew when their entry changes.

import { h, hidden, icon } from "./dom.js";
import { eventWords } from "./events.js";
import { clock, fullTime, initials, tone } from "./format.js";
import { fileNode } from "./files.js";
import { intentTitle } from "./intents.js";
import { state } from "./store.js";
import { written } from "./text.js";
import { understood } from "./understood.js";

const DELIVERY = {
  pending: ["work", "Waiting to be sent"],
  sending: ["work", "Being sent"],
  sent: ["done", "Sent"],
  delivered: ["done", "Delivered"],
  read: ["eye", "Read"],
  unknown: ["warn", "Nobody can say whether this arrived; it is not sent again"],
  failed: ["warn", "Not delivered"],
};

/** Return what kind of row an entry is: customer, bot, agent, me, system, note or event. */
export function rowKind(entry) {
  if (entry.kind === "event" || entry.kind === "note") return entry.kind;
  return entry.author === "agent" && entry.author_id === state.me?.id ? "me" : entry.author;
}

export function speaker(entry, customer) {
  if (entry.author === "customer") return customer;
  if (entry.author === "bot") return "Assistant";
  if (entry.author === "system") return "Automatic";
  return entry.author_id === state.me?.id ? "You" : entry.author_name || "Agent";
}

const time = (at) => h("time", { dateTime: at, title: fullTime(at) }, clock(at));

/** Return the row of `entry`; `shown` is {start, seen, pressed, customer, named} and `act` what its buttons do. */
export function row(entry, shown, act) {
  const kind = rowKind(entry);
  if (kind === "event") return event(entry);
  const who = speaker(entry, shown.customer);
  const node = h(`li.row.${kind}${shown.start ? ".start" : ""}`, { id: `m-${entry.seq}`, tabIndex: -1, dataset: { seq: entry.seq } },
    kind === "customer" && shown.start && h("span.face", { dataset: { tone: tone(who) }, "aria-hidden": "true" }, shown.named ? initials(who) : icon("mine")),
    h("div.row-body",
      shown.start ? h("div.by", mark(kind), h("span.by-name", { dir: "auto" }, kind === "note" ? who === "You" ? "Your note" : `Note by ${who}` : who), time(entry.created_at)) : hidden(`${who}, ${clock(entry.created_at)}: `),
      bubble(entry, shown),
      under(entry, shown, act)));
  if (entry.failed) node.classList.add("failed");
  return node;
}

const mark = (kind) => ({ bot: icon("bot"), note: icon("note"), system: icon("settings") })[kind] ?? null;

function event(entry) {
  const [shape, text] = eventWords(entry);
  return h("li.row.event", { id: `m-${entry.seq}`, tabIndex: -1, dataset: { seq: entry.seq } },
    icon(shape), h("span", { dir: "auto" }, text), time(entry.created_at));
}

function bubble(entry, shown) {
  const { text } = entry;
  const node = h("div.bubble", { title: fullTime(entry.created_at) },
    entry.attachments.length > 0 && h("div.files", entry.attachments.map(fileNode)),
    text && written(text));
  if (entry.choices.length) node.append(choices(entry.choices, shown.pressed));
  return node.childNodes.length ? node : h("div.bubble", h("div.said.quiet", "(empty)"));
}

function choices(titles, pressed) {
  return h("ul.offered", { "aria-label": "The customer was offered" }, titles.map((title) => {
    const chosen = title === pressed;
    return h(`li${chosen ? ".pressed" : ""}`, { dir: "auto" }, chosen && icon("done"), title, chosen && hidden(" (pressed)"));
  }));
}

/** Return the line below a bubble: what was misread, what it meant, and how far it has come. */
function under(entry, shown, act) {
  const parts = [misread(entry, act), corrected(entry, act), delivery(entry, shown)].filter(Boolean);
  return parts.length ? h("div.under", parts) : null;
}

function misread(entry, act) {
  const { nlu } = entry;
  if (!entry.failed && !nlu?.fallback) return null;
  return h("details.misread", { open: shownOpen.has(entry.id), ontoggle: (event) => shownOpen[event.target.open ? "add" : "delete"](entry.id) },
    h(`summary.tag.${entry.failed ? "danger" : "warn"}`, icon("warn"), entry.failed ? "The assistant failed on this" : "Not understood"),
    nlu && understood(nlu),
    act.correct && !entry.correction && h("button.text-button", { type: "button", onclick: () => act.correct(entry) }, "This meant…"));
}
const shownOpen = new Set(); // which explanations are open, also when their row is made anew

function corrected({ correction, seq }, act) {
  if (!correction) return null;
  const by = correction.by_name || state.agents.get(correction.by)?.name || "";
  const open = !correction.status || correction.status === "open" || correction.status === "pending" || correction.status === "new";
  return h("div.corrected", icon("edit"),
    h("span", "Meant ", h("strong", intentTitle(correction.intent)), by && ` · ${correction.by === state.me?.id ? "you" : by}`, !open && ` · ${correction.status}`),
    act.uncorrect && open && h("button.text-button", { type: "button", onclick: () => act.uncorrect(seq) }, "Undo"));
}

function delivery(entry, { seen }) {
  if (entry.author === "customer" || entry.kind === "note") return null;
  if (seen) return h("span.delivery.read", icon("eye"), "Seen");
  const [shape, said] = DELIVERY[entry.delivery] ?? [];
  if (!said) return null;
  const bad = entry.delivery === "unknown" || entry.delivery === "failed";
  return h(`span.delivery.${entry.delivery}`, { title: said }, icon(shape), bad || entry.delivery === "sending" || entry.delivery === "pending" ? [said, bad && entry.delivery_note && `. ${entry.delivery_note}`] : hidden(said), entry.delivery === "delivered" && icon("done"));
}
