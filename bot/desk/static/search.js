// Search over what was written and over customers, as one types; a hit opens the conversation at that very entry.

import { api } from "./api.js";
import { h, icon } from "./dom.js";
import { ago, channelName, customerName, fullTime, initials, sentence, tone } from "./format.js";
import { seen } from "./listing.js";
import { pick } from "./picker.js";
import { recent } from "./recent.js";
import { go } from "./store.js";

const LIMIT = 20;

/** Open the search, with a query already in it if one is given. */
export const search = (query = "") => pick({ name: "search", query, label: "Search messages and customers", placeholder: "Search messages and customers", wait: 120, again: 1200, look, idle });

function idle(query) {
  return query ? [icon("search"), h("h2", "Nothing was found"), h("p", "Try fewer or shorter words: beginnings of words are enough, and accents do not matter.")]
    : [icon("search"), h("h2", "What are you looking for?"), h("p", "Words from a message, an order number, or a customer’s name or e-mail.")];
}

async function look(query, signal) {
  if (!query) return [{ title: "Opened before", options: recent().map((id) => conversation(seen.get(id))) }];
  const found = await api.get("/search", { q: query, limit: LIMIT }, { signal });
  return [...found.customers.map(customer), { title: "Messages", options: found.conversations.map(({ conversation: one, hits }) => conversation(one, hits)) }];
}

const customer = ({ name, email, directory_ref: ref, conversations }) => ({
  title: [name || email || ref || "A visitor", name && email].filter(Boolean).join(" · "),
  options: conversations.map((one) => conversation(one)),
});

const OWNERS = { queue: "In the queue", bot: "With the assistant", nobody: "Closed" };
const whose = (one) => OWNERS[one.owner] ?? (one.assignee_name ? `With ${one.assignee_name}` : "With an agent");

function conversation(one, hits = []) {
  const name = customerName(one);
  const at = hits[0]?.at ?? one.last_message?.created_at ?? one.updated_at;
  return {
    run: () => go("all", one.id, hits[0]?.seq ?? 0),
    node: h("div.found", h("span.face", { dataset: { tone: tone(name) }, "aria-hidden": "true" }, initials(name)),
      h("div", h("span.found-top", h("b", { dir: "auto" }, name), h("span.quiet", `${channelName(one.channel)} · ${whose(one)}`), h("time.quiet", { dateTime: at, title: fullTime(at) }, ago(at))),
        hits.length ? hits.slice(0, 2).map(hit) : h("span.found-text", one.last_message?.text.slice(0, 160) ?? ""))),
  };
}

const hit = ({ author, snippet }) => h("span.found-text", h("span.quiet", `${author === "bot" ? "Assistant" : sentence(author)}: `), (snippet?.parts ?? snippet ?? []).map((part) => (part.hit ? h("mark", part.text) : part.text)));
