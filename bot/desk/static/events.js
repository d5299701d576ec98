// Events of a conversation in plain words. Pure.

import { lasting, money, reasonName, sentence, words } from "./format.js";

const STATUS = { refused: "refused", not_allowed: "not allowed", try_later: "outcome unknown", unknown: "outcome unknown", not_found: "not found" };

const SAID = {
  handoff_requested: (v) => ["transfer", `A person is needed: ${reasonName(v.reason).toLowerCase()}`],
  handoff_offered: (v) => ["transfer", `A person was offered: ${reasonName(v.reason).toLowerCase()}`],
  offer_declined: () => ["bot", "The customer goes on with the assistant"],
  claimed: (v) => ["mine", `${v.agent} took the conversation`],
  reopened_by_agent: (v) => ["mine", `${v.agent} opened it again to write first`],
  taken_by_supervisor: (v) => ["mine", `${v.agent} took over`],
  transferred_to_agent: (v) => ["transfer", v.by ? `${v.by} passed it to ${v.agent}` : `Passed to ${v.agent}`],
  transferred: (v) => ["transfer", `${v.by} passed it to ${v.to || "the queue"}`],
  agent_silent: (v) => ["warn", `Back to the queue: ${v.agent || "the agent"} did not answer in time`],
  agent_gone: (v) => ["warn", `Back to the queue: ${v.agent || "the agent"} is gone`],
  customer_silent: (v) => ["info", `The customer has not answered for ${lasting(v.minutes * 60)}`],
  returned_to_bot: (v) => ["bot", `${v.agent} gave it back to the assistant`],
  resolved: (v) => ["done", `${v.agent} resolved it`],
  session_expired: () => ["work", "Closed after a long silence"],
  waits_long: (v) => ["warn", `Has been waiting for ${lasting(v.minutes * 60)}`],
  customer_left_queue: () => ["undo", "The customer went back to the assistant"],
  signed_in: (v) => ["shield", `Signed in${v.customer ? ` as ${v.customer}` : ""}`],
  rated: (v) => ["star", `Rated ${v.score} of 5${v.comment ? `: “${v.comment}”` : ""}`],
  customer_edited: (v) => ["edit", `Changed a message to: “${v.text}”`],
  customer_deleted: () => ["undo", "The customer deleted a message"],
  customer_reacted: (v) => ["info", v.emoji ? `Reacted with ${v.emoji}` : "Took a reaction back"],
  customer_blocked: () => ["warn", "The customer has blocked us: nothing can be sent"],
  customer_unblocked: () => ["info", "The customer can be reached again"],
  customer_moved: () => ["info", "The customer has a new number"],
  unsupported: (v) => ["info", `Sent something that cannot be shown (${words(v.kind)})`],
  reminder_due: (v) => ["bell", `Due: ${v.due}`],
  message_left: (v) => ["note", v.text ? `Left a message: “${v.text}”` : "Left a message"],
  task_overdue: (v) => ["warn", v.text ? `Overdue: the answer to “${v.text}”` : "Overdue: the answer to a left message"],
  task_closed: (v) => ["done", `${v.agent || v.by || "Somebody"} marked the left message as done${v.note ? `: ${v.note}` : ""}`],
};

const DEEDS = { cancel_order: ["cancelled", "cancel"], change_address: ["changed the address of", "change the address of"], start_return: ["started a return from", "start a return from"], goodwill: ["gave goodwill for", "give goodwill for"] };

/** Say what an agent did for the customer, or tried: "cancelled order 4522 (£189.00)". */
export function deedWords(v) {
  const number = v.number || v.order_number || v.arguments?.number;
  const [did, wished] = DEEDS[v.action] ?? [words(v.action || v.what), words(v.action || v.what)];
  const on = number ? ` order ${number}` : DEEDS[v.action] ? " the customer" : "";
  const amount = v.amount && v.currency ? ` (${money(v.amount, v.currency)})` : "";
  if (v.status === "ok") return did + on + amount;
  return `tried to ${wished}${on}: ${STATUS[v.status] ?? words(v.status)}${amount}${v.detail ? ` (${words(v.detail)})` : ""}`;
}

/** Return [icon, words] for an event; one that is not known yet is named as it is. */
export function eventWords(entry) {
  const values = entry.custom ?? {};
  const name = entry.event || entry.text;
  if (SAID[name]) return SAID[name](values);
  if (values.action || values.what) return ["bolt", `${values.agent || "An agent"} ${deedWords(values)}`];
  const facts = Object.values(values).filter((value) => typeof value === "string" || typeof value === "number").join(", ");
  return ["info", facts ? `${sentence(name)}: ${facts}` : sentence(name)];
}
