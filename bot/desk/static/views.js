// The lists of conversations that the desk has, and the parts of its administration: names, icons, keys, and what
// each of them is for.

import { may } from "./store.js";

/** `counts` names the numbers of GET /counts: how many there are, and how many of them have something unread. */
export const VIEWS = [
  { id: "queue", title: "Queue", shape: "inbox", keys: "g q", count: "queue", fresh: "unread_queue", first: true },
  { id: "mine", title: "Mine", shape: "mine", keys: "g m", count: "mine", fresh: "unread_mine", first: true },
  { id: "work", title: "To do", shape: "work", keys: "g t", count: "work", first: true },
  { id: "agent", title: "With agents", shape: "people", keys: "g a", count: "agent" },
  { id: "bot", title: "With the assistant", shape: "bot", keys: "g b", count: "bot" },
  { id: "nobody", title: "Closed", shape: "done", keys: "g c", count: "nobody" },
  { id: "all", title: "All", shape: "all", keys: "g e", count: "all" },
];
export const viewOf = (id) => VIEWS.find((one) => one.id === id);

const SECTIONS = [
  { id: "people", title: "People", needs: ["administer", "supervise"] },
  { id: "teams", title: "Teams", needs: ["supervise"] },
  { id: "canned", title: "Canned replies", needs: ["supervise"] },
  { id: "hours", title: "Opening hours", needs: ["administer", "supervise"] },
  { id: "corrections", title: "Corrections", needs: ["train", "supervise"] },
  { id: "audit", title: "Audit log", needs: ["audit"] },
];
/** Return the parts of the administration that I may see. */
export const sections = () => SECTIONS.filter((one) => one.needs.some(may));

/** What a list says when nothing is in it. */
export const EMPTY = {
  queue: { title: "Nobody is waiting", text: "When a customer asks for a person, or the assistant cannot go on, the conversation appears here. The most urgent one is always on top." },
  mine: { title: "You have no conversations", text: "What you claim from the queue, and what others pass on to you, is kept here until it is resolved.", view: "queue", action: "Open the queue" },
  work: { title: "Nothing is left to do", text: "Messages that customers leave while nobody is here come with the time until which they were promised an answer." },
  agent: { title: "Nobody is being helped right now", text: "Conversations that you and your colleagues have appear here, with whose they are." },
  bot: { title: "The assistant is talking to nobody", text: "Conversations with the assistant appear here. You can read along, and take over at any time." },
  nobody: { title: "Nothing was closed yet", text: "Resolved conversations are kept here. They open again when the customer writes." },
  all: { title: "There are no conversations yet", text: "As soon as a customer writes on any channel, the conversation appears here." },
};
