// Canned replies: read once a visit, found by shortcut, title or words, and filled with what is known. What is not
// known stays as {order.number}, stands out, and cannot be sent.

import { api } from "./api.js";
import { dialog, fill, h, icon } from "./dom.js";
import { on, state } from "./store.js";

const PLACEHOLDER = /\{(customer\.name|customer\.first_name|agent\.name|order\.number)\}/g;
const GOOD_FOR = 60_000; // milliseconds after which edited ones are looked for
let reading = null, readAt = 0, kept = [];
on("me", () => (reading = null));
on("hint", ({ kind, data }) => { if (kind === "desk" && data?.what === "canned") reading = null; });

/** Return all canned replies of this agent's team. Raises ApiError. */
export function cannedReplies() {
  if (Date.now() - readAt > GOOD_FOR) reading = null;
  if (!reading) readAt = Date.now();
  reading ??= api.get("/canned").then(({ replies }) => (kept = replies.filter((one) => !one.team || one.team === state.me?.team || state.me?.role !== "agent")));
  reading.catch(() => (reading = null));
  return reading;
}

/** Return the replies that fit `query`, the best first, at most `most`. */
export function matching(query, language = "", most = 8) {
  const wanted = plain(query).split(/\s+/).filter(Boolean);
  const rank = (one) => {
    const texts = [one.shortcut, one.title, one.text].map(plain);
    if (!wanted.every((word) => texts.some((text) => text.includes(word)))) return 0;
    const whole = wanted.join(" ");
    const first = !whole ? 1 : texts[0] === whole ? 8 : texts[0].startsWith(whole) ? 6 : texts[1].startsWith(whole) ? 4 : texts[1].includes(whole) ? 3 : 1;
    return first + (language && one.language === language ? 0.5 : 0);
  };
  return kept.map((one) => [rank(one), one]).filter(([points]) => points > 0).sort((a, b) => b[0] - a[0] || a[1].title.localeCompare(b[1].title)).slice(0, most).map(([, one]) => one);
}
const plain = (text) => String(text ?? "").toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

/** Return what placeholders stand for in a conversation; what is not known is left out. */
export function valuesFor(detail) {
  const name = detail?.customer_name || detail?.packet?.profile?.name || "";
  const orders = detail?.packet?.orders ?? [];
  const number = orders.length === 1 ? orders[0].number : ""; // of several, only the agent knows which is meant
  const known = { "customer.name": name, "customer.first_name": name.trim().split(/\s+/)[0], "agent.name": state.me?.name, "order.number": number };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value));
}

/** Return a text with its placeholders filled as far as they are known. */
export const filled = (text, values) => text.replace(PLACEHOLDER, (whole, name) => values[name] ?? whole);

/** Return the first placeholder that is still in a text: {text, index}, or null. */
export function unfilled(text) {
  const found = [...text.matchAll(PLACEHOLDER)][0];
  return found ? { text: found[0], index: found.index } : null;
}

/** Return a text as nodes in which placeholders are marked. */
export function marked(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(PLACEHOLDER)) {
    nodes.push(text.slice(at, found.index), h("mark", found[0]));
    at = found.index + found[0].length;
  }
  return [...nodes, text.slice(at)];
}

/** Let one be chosen in a dialog with search and preview; resolves to the reply or null. */
export function chooseCanned(detail) {
  const values = valuesFor(detail);
  let found = [], at = 0, done;
  const list = h("ul.canned-list", { id: "canned-found", role: "listbox", "aria-label": "Canned replies" });
  const preview = h("div.canned-preview", { "aria-live": "polite", dir: "auto" });
  const input = h("input", { type: "text", placeholder: "Search canned replies", role: "combobox", autocomplete: "off", spellcheck: false, "aria-label": "Search canned replies", "aria-controls": "canned-found", "aria-expanded": "true", autofocus: true });
  const show = () => {
    fill(list, found.map((one, i) => option(one, i === at, () => done(one))));
    input.setAttribute("aria-activedescendant", found.length ? `canned-${found[at].id}` : "");
    list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    fill(preview, found.length ? marked(filled(found[at].text, values)) : h("p.quiet", input.value ? "Nothing fits." : "There are no canned replies yet. A supervisor can write some."));
  };
  const search = () => { found = matching(input.value, detail?.language, 50); at = 0; show(); };
  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); at = Math.max(0, Math.min(found.length - 1, at + by)); show(); }
    if (event.key === "Enter" && found.length) { event.preventDefault(); done(found[at]); }
  });
  cannedReplies().then(search, (error) => fill(preview, h("p.form-error", error.message)));
  return dialog({ title: "Canned replies", name: "canned", build: (close) => { done = close; return h("div.dialog-body", input, h("div.canned-both", list, preview)); } });
}

/** Return one reply as an option of a list. */
export const option = (one, chosen, onclick) => h("li.canned-option", { id: `canned-${one.id}`, role: "option", "aria-selected": String(chosen), onmousedown: (event) => event.preventDefault(), onclick },
  h("span.canned-title", icon("bolt"), h("strong", one.title), one.shortcut && h("code", `/${one.shortcut}`)), h("span.canned-text", { dir: "auto" }, one.text));
