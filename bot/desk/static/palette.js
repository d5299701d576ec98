// The palette: everything that can be done now, and where one may want to go, found by a few letters.

import { h, icon } from "./dom.js";
import { channelName, customerName, initials, tone } from "./format.js";
import { cannedReplies, matching } from "./canned.js";
import { available, readable, run } from "./keys.js";
import { seen } from "./listing.js";
import { pick } from "./picker.js";
import { recent } from "./recent.js";
import { go, state } from "./store.js";
import { search } from "./search.js";

const MOST = 8;

export const palette = () => pick({ name: "palette", label: "Do anything", placeholder: "Type what you want to do, or where to go", look, idle });

const idle = (query) => [icon("search"), h("h2", "Nothing has that name"), query && h("p", "Messages and customers are found by the search.")];

const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

/** Return how well a query fits a title: 0 not at all, more is better. */
function fits(query, title, words = "") {
  const wanted = plain(query).split(/\s+/).filter(Boolean);
  const name = plain(title);
  const all = `${name} ${plain(words)}`;
  if (!wanted.every((word) => all.includes(word))) return 0;
  const begins = wanted.filter((word) => name.split(/\s+/).some((part) => part.startsWith(word))).length;
  return 1 + begins + (name.startsWith(wanted[0] ?? "") ? 1 : 0);
}

const ranked = (query, options) => options.map((one) => [fits(query, one.label, one.words), one]).filter(([points]) => points).sort((a, b) => b[0] - a[0]).map(([, one]) => one);

const GROUPS = ["Conversation", "General", "Go to", "Lists", "Me", "Administration"];
const place = (one) => (GROUPS.indexOf(one.group) + GROUPS.length) % GROUPS.length;

async function look(query) {
  const doable = available().filter((one) => one.id !== "palette").sort((a, b) => place(a) - place(b));
  const commands = ranked(query, doable.map(command));
  const mine = available().some((one) => one.id === "move-transfer"); // the open conversation is mine
  const groups = [{ title: "Do", options: query ? commands.slice(0, MOST * 2) : commands }];
  const conversations = ranked(query, (query ? [...seen.keys()].reverse() : recent()).map((id) => conversation(seen.get(id)))).slice(0, MOST);
  const found = { title: query ? "Conversations" : "Opened before", options: conversations };
  if (!query) return mine ? [...groups, found] : [found, ...groups];
  return [...groups, found, { title: mine ? "Pass on to" : "People", options: ranked(query, people(mine)).slice(0, MOST) },
    { title: "Canned replies", options: mine ? await canned(query) : [] }, { title: "Search", options: [further(query)] }];
}

const line = (face, title, more, keys = "") => h("div.line-option", face, h("span.line-title", { dir: "auto" }, title), more && h("span.quiet", more), keys && h("kbd", readable(keys)));

const command = ({ title, group, keys, words, run }) => ({ label: title, words: `${words} ${group}`, run, node: line(icon("next"), title, group === "General" || group === "Go to" ? "" : group, keys) });

function conversation(one) {
  const name = customerName(one);
  return { label: name, words: `${channelName(one.channel)} ${one.last_message?.text ?? ""}`, run: () => go("all", one.id), node: line(h("span.face.tiny", { dataset: { tone: tone(name) } }, initials(name)), name, channelName(one.channel)) };
}

const people = (mine) => [...state.agents.values()].filter((one) => one.id !== state.me.id && !(mine && one.role === "trainer")).map((one) => ({
  label: one.name,
  words: `${one.email} ${one.team} ${one.role}`,
  run: () => (mine ? run("move-transfer", { to: one.id }) : go("agent")),
  node: line(h("span.face.tiny", { dataset: { tone: tone(one.name) } }, initials(one.name)), one.name, [one.team, one.state].filter(Boolean).join(" · ")),
}));

/** Canned replies are put in by the composer of the open conversation. */
async function canned(query) {
  await cannedReplies().catch(() => []);
  return matching(query).map((one) => ({ label: one.title, run: () => document.querySelector("desk-composer")?.put(one), node: line(icon("bolt"), one.title, one.shortcut && `/${one.shortcut}`) }));
}

const further = (query) => ({ label: query, run: () => search(query), node: line(icon("search"), `Search messages for “${query}”`, "") });
