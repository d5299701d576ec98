// Entries of the audit log as sentences that begin with who did it. Pure.

import { deedWords } from "./events.js";
import { sentence, words } from "./format.js";

const OTHERS = { bot: "The assistant", customer: "The customer", system: "Baton", operator: "An operator", cli: "An operator" };

/** Return who did it, as it is shown. */
export const actorName = (entry) => entry.actor_name || OTHERS[entry.actor] || entry.actor || "Somebody";

const MOVED = {
  claimed: () => "took the conversation",
  taken_by_supervisor: () => "took the conversation over",
  reopened_by_agent: () => "opened the conversation again to write first",
  returned_to_bot: () => "gave the conversation back to the assistant",
  transferred_to_agent: (d, who) => `passed the conversation to ${who(d.assignee)}`,
  transferred_to_queue: () => "passed the conversation to the queue",
  resolved: () => "resolved the conversation",
  handoff_requested: () => "asked for a person",
  customer_wrote: () => "wrote, and the conversation began again with the assistant",
  customer_wrote_again: () => "wrote again, and the conversation waits for a person",
  customer_left_queue: () => "stopped waiting for a person",
  agent_gone: () => "put the conversation back into the queue, because the agent was gone",
  session_expired: () => "closed the conversation after a long silence",
  promise_due: () => "put the conversation into the queue, because a promise was due",
  offered: () => "offered a person",
  offer_expired: () => "took an offer back",
};

const SAID = {
  "agent.added": (d) => `added ${d.name || d.email} as ${words(d.role || "agent")}${d.team ? ` in ${d.team}` : ""}`,
  "agent.changed": (d, who) => `changed ${who(d.agent)}: ${changes(d)}`,
  "agent.password_set": (d, who, entry) => (d.agent === entry.actor ? "changed their own password" : `reset the password of ${who(d.agent)}`),
  "team.added": (d) => `made the team ${d.team}`,
  "team.removed": (d) => `removed the team ${d.team}`,
  "canned.added": (d) => `wrote the canned reply /${d.shortcut}`,
  "canned.changed": (d) => `changed the canned reply ${d.shortcut?.after ? `/${d.shortcut.after}` : ""}${d.title?.after ? ` “${d.title.after}”` : ""}: ${Object.keys(d).filter((key) => key !== "reply").map(words).join(", ") || "nothing"}`,
  "canned.removed": (d) => `removed the canned reply /${d.shortcut}`,
  "hours.set": (d) => (d.after ? `set the opening hours to ${d.after}` : "went back to the opening hours of the settings"),
  "session.opened": () => "signed in",
  "session.revoked": (d, who, entry) => `ended ${d.agent === entry.actor ? "their own" : `${who(d.agent)}'s`} ${d.kind === "token" ? `token ${d.label || ""}`.trim() : "sign-in"}`,
  "token.made": (d) => `made the token ${d.label || ""}`.trim(),
  "totp.on": () => "turned one-time codes on",
  "totp.off": (d, who, entry) => (d.agent && d.agent !== entry.actor ? `turned off the codes of ${who(d.agent)}` : "turned one-time codes off"),
  "totp.recovery_code_used": () => "signed in with a recovery code",
  "audit.exported": () => "exported the audit log",
  "customer.erased": () => "had everything about them erased",
  "order.looked_up": (d) => `looked up order ${d.number || d.order_number || ""}${d.reason ? `: ${d.reason}` : ""}`,
  "correction.made": (d) => `said that a message meant ${words(d.intent)}${d.guessed ? `, not ${words(d.guessed)}` : ""}`,
  "correction.withdrawn": (d) => `took back that a message meant ${words(d.intent)}`,
  "correction.accepted": (d) => `accepted a correction: ${words(d.intent)}`,
  "correction.dropped": (d) => `dropped a correction: ${words(d.intent)}${d.reason ? ` (${d.reason})` : ""}`,
};

const value = (one) => (one === true ? "yes" : one === false ? "no" : one === "" || one == null ? "none" : words(one));
function changes(detail) {
  const fields = Object.entries(detail).filter(([, one]) => one && typeof one === "object" && "after" in one);
  return fields.map(([name, one]) => (name === "disabled" ? (one.after ? "disabled" : "let in again") : `${words(name)} from ${value(one.before)} to ${value(one.after)}`)).join(", ") || "nothing";
}

/** Return what was done, to follow the name of who did it. `who(id)` returns an agent's name. */
export function deed(entry, who) {
  const detail = entry.detail ?? {};
  const moved = entry.action.startsWith("conversation.") && MOVED[detail.event];
  if (moved) return moved(detail, who);
  if (SAID[entry.action]) return SAID[entry.action](detail, who, entry);
  const [group, name] = entry.action.split(".");
  if (group === "customer") return deedWords({ ...detail, action: name });
  return sentence(entry.action.replace(".", ": "));
}

/** What entries can be filtered by: how their action begins, and what that is called. */
export const KINDS = [
  ["", "Everything"], ["conversation.", "Conversations"], ["customer.", "Actions for customers"], ["order.", "Orders looked up"], ["correction.", "Corrections"],
  ["session.", "Sign-ins"], ["totp.", "One-time codes"], ["token.", "Tokens"], ["agent.", "People"], ["team.", "Teams"], ["canned.", "Canned replies"], ["hours.", "Opening hours"], ["audit.", "Exports"],
];
