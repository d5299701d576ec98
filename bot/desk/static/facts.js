// Parts of the packet card: evidence, wishes, effects, trust, ratings, in words. Each returns nodes and knows no state.

import { h, hidden, icon } from "./dom.js";
import { clock, due, fullTime, money, sentence, words } from "./format.js";
import { intentTitle } from "./intents.js";
import { copy } from "./message-tools.js";

/** What is understood and does not say what a customer came for. */
export const SMALL_TALK = new Set(["greet", "goodbye", "thank", "affirm", "deny", "inform", "contact_human_agent", "nlu_fallback", "help", "stop", "repeat", "bot_challenge"]);

/** Return one part of the card. */
export const part = (title, ...content) => h("section.part", h("h2.part-title", title), ...content);

/** Return [colour, words] of a priority. */
export function priority(value) {
  if (value >= 40) return ["danger", "Back in the queue"];
  if (value >= 30) return ["danger", "High priority"];
  return value >= 20 ? ["warn", "Raised priority"] : ["", ""];
}

/** Return a value with a button that copies it. */
export const copyable = (value, name = value) => h("button.copyable", { type: "button", title: `Copy ${name}`, onclick: () => copy(String(value), `${value} copied`) }, h("span", { dir: "ltr" }, value), icon("copy"), hidden(", copy"));

// --- why

const QUOTED = ["texts", "text", "left", "said", "value", "change_request"];
const NAMED = { form: "In the middle of", asking: "Asked for", topic: "About", matter: "Matter", due: "Due", promised: "Promised until", case_number: "Case", state: "State", order_number: "Order", number: "Order", error: "Error", warranty_until: "Warranty until", sentiment: "Mood" };
const LEFT_OUT = new Set(["intents", "task", "customer_was_told", "wants_no_messages", "reopened", "sentiment"]);

/** Return what a handoff rests on: quotes, then the other facts. */
export function evidence(facts) {
  const quotes = QUOTED.flatMap((key) => facts?.[key] ?? []).filter((text) => typeof text === "string" && text);
  const pairs = Object.entries(facts ?? {}).filter(([key, value]) => !QUOTED.includes(key) && !LEFT_OUT.has(key) && value != null && value !== "" && value !== false);
  return [
    quotes.map((text) => h("blockquote.quoted", { dir: "auto" }, text)),
    pairs.length > 0 && h("p.quiet", { dir: "auto" }, pairs.map(([key, value]) => `${NAMED[key] ?? sentence(key)}: ${plain(key, value)}`).join(" · ")),
    facts?.reopened && h("p.quiet", "The customer wrote again after it had been closed for people."),
    facts?.customer_was_told === false && h("p.notice", icon("info"), "The customer has not been told of this."),
    facts?.wants_no_messages && h("p.notice", icon("info"), "The customer wants no messages here that they did not ask for."),
  ];
}

function plain(key, value) {
  if (Array.isArray(value)) return value.join(", ");
  if (key === "promised") return due(value);
  if (key === "asking" && value === "confirmed") return "a yes or no";
  if (typeof value === "object") return JSON.stringify(value);
  return key === "form" || key === "asking" || key === "topic" ? words(String(value).replace(/_form$/, "")) : String(value);
}

// --- what they want

/** Return what the customer came for: the matters that were understood, each in their words, or their last words. */
export function wants(packet) {
  const found = new Map();
  for (const turn of packet.turns) {
    const name = turn.fallback ? "" : turn.intents[0]?.name;
    if (!name || SMALL_TALK.has(name) || turn.intents[0].confidence < 0.4) continue;
    found.set(name, { name, text: turn.text, number: turn.entities?.order_number ?? found.get(name)?.number });
  }
  const settled = ({ name, number }) => packet.done.some((effect) => effect.status === "ok" && effect.what === name && (!number || effect.arguments?.number === number));
  const list = [...found.values()].map((one) => h("li", h("strong", intentTitle(one.name), one.number && ` · ${one.number}`, settled(one) && [" ", h("span.tag.good", "Done")]), h("span.quiet", { dir: "auto" }, `“${one.text}”`)));
  const last = packet.turns.at(-1)?.text;
  return part("What they want", list.length ? h("ul.wants", list) : last ? h("blockquote.quoted", { dir: "auto" }, last) : h("p.quiet", "Nothing was asked yet."),
    packet.sentiment && packet.sentiment !== "neutral" && h("p.quiet", `Mood: ${words(packet.sentiment)}`));
}

// --- what was done

const OUTCOMES = {
  ok: ["good", "done", "Done"],
  refused: ["warn", "close", "Refused"],
  not_allowed: ["warn", "close", "Not allowed"],
  not_found: ["warn", "close", "Not found"],
  throttled: ["warn", "close", "Too many tries"],
  try_later: ["danger", "warn", "Outcome unknown"],
  unknown: ["danger", "warn", "Outcome unknown"],
};

/** Return one effect in the company's systems with its outcome. */
export function effect(one) {
  const [level, shape, said] = OUTCOMES[one.status] ?? ["", "info", sentence(one.status)];
  const unknown = one.status === "unknown" || one.status === "try_later";
  return h("li.effect", h(`span.effect-mark.${level || "plain"}`, icon(shape)),
    h("div", h("strong", `${sentence(one.what)} ${one.arguments?.number ?? ""}`.trim()), h(`span.tag${level ? "." + level : ""}`, said),
      h("p.quiet", { dir: "auto" }, [outcome(one.result), one.by && one.by !== "bot" ? `by ${one.by}` : "by the assistant", clock(one.at)].filter(Boolean).join(" · ")),
      unknown && h("p.quiet", "It may have been done. Check before you promise anything.")));
}

function outcome(result) {
  if (!result) return "";
  if (result.already) return "had been done before";
  if (result.refund != null) return `refund ${money(result.refund, result.currency)}${Number(result.fee) ? `, fee ${money(result.fee, result.currency)}` : ""}`;
  if (result.amount != null && result.currency) return `${money(result.amount, result.currency)}${[result.number, result.code].filter(Boolean).map((one) => `, ${one}`).join("")}`;
  return result.address || (result.number ? `number ${result.number}` : "");
}

// --- how sure we are

const TRUST = {
  verified: ["good", "shield", "Signed in: the company's site vouches for them"],
  channel: ["good", "shield", "Their phone or account is vouched for by the channel"],
  claimed: ["warn", "info", "They say so; nothing proves it"],
  anonymous: ["warn", "info", "Unknown: nothing proves who they are"],
};

/** Return how well we know who this is: "verified", "order (4521)", "anonymous, earlier verified". */
export function trust(said) {
  const [now, earlier] = String(said ?? "anonymous").split(", earlier ");
  const orders = /^order \((.*)\)$/.exec(now);
  const [level, shape, text] = orders ? ["warn", "box", `Proved order ${orders[1]}, nothing else`] : TRUST[now] ?? ["", "info", sentence(now)];
  return h(`p.trust.${level || "plain"}`, icon(shape), h("span", text, earlier && h("span.quiet", ` (earlier: ${words(earlier)})`)));
}

/** Return how the customer found an agent's help. */
export const rating = ({ score, comment, at }) => h("div.rating",
  h("p", h("span.stars", { role: "img", "aria-label": `${score} of 5` }, Array.from({ length: 5 }, (_, i) => h(`span${i < score ? ".on" : ""}`, "★"))), h("span.quiet", { title: fullTime(at) }, ` rated ${clock(at)}`)),
  comment && h("blockquote.quoted", { dir: "auto" }, comment));
