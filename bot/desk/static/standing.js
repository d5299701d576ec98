// Whose a conversation is, in words, and what one may do about it. Pure but for the clock.

import { channelName, clock, lasting, reasonName } from "./format.js";
import { may, state } from "./store.js";

const SINCE = ["claimed", "transferred_to_agent", "taken_by_supervisor", "reopened_by_agent"];
const CLOSED = ["resolved", "session_expired"];

/** Return the time of the newest of these events, or "". */
const lastOf = (entries, names) => entries.findLast((one) => one.kind === "event" && names.includes(one.event))?.created_at ?? "";

const today = (at) => new Date(at).toDateString() === new Date().toDateString();
const since = (at) => at ? ` since ${today(at) ? "" : `${new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short" })}, `}${clock(at)}` : "";

/** Return {kind, text, more} for the line under the name; `place` is the place in the queue, 0 if not known. */
export function standing(detail, entries, place = 0) {
  const at = lastOf(entries, SINCE);
  if (detail.owner === "agent") {
    const mine = detail.assignee === state.me?.id;
    return { kind: mine ? "mine" : "agent", text: mine ? `You have this${since(at)}` : `${detail.assignee_name || "An agent"} has this${since(at)}`, more: detail.team };
  }
  if (detail.owner === "queue") {
    const waited = detail.waiting_since ? `Waiting ${lasting((Date.now() - new Date(detail.waiting_since)) / 1000)}` : "Waiting";
    return { kind: "queue", text: place ? `${waited}, place ${place}` : waited, more: [detail.reason && reasonName(detail.reason), detail.team].filter(Boolean).join(" · ") };
  }
  if (detail.owner === "bot") return { kind: "bot", text: "With the assistant", more: "" };
  return { kind: "closed", text: `Closed${since(lastOf(entries, CLOSED))}`, more: "" };
}

/** Return {kind, text} for the channel's reply window, or null where there is none. */
export function replyWindow(detail) {
  if (!detail.reply_until) return null;
  const left = (new Date(detail.reply_until) - Date.now()) / 1000;
  if (left <= 0) return { kind: "danger", text: `${channelName(detail.channel)}: the reply window is over`, over: true };
  return { kind: left < 3600 ? "danger" : left < 4 * 3600 ? "warn" : "", text: `Reply within ${lasting(left)}`, over: false };
}

/** Return what stands instead of the reply field when this agent cannot reply now, or null. `move` names the way out. */
export function instead(detail) {
  if (!may("answer")) return { text: "You can read here. Answering customers needs the role of an agent.", note: false };
  if (detail.owner === "agent" && detail.assignee === state.me?.id) {
    return replyWindow(detail)?.over ? { text: `${channelName(detail.channel)} takes no more messages until the customer writes again. You can leave a note.`, note: true } : null;
  }
  if (detail.owner === "queue") return { text: "Nobody has this yet. Claim it to answer, or leave a note for the others.", move: "claim", label: "Claim", note: true };
  if (detail.owner === "bot") return { text: "The assistant is answering. Take over to answer yourself, or leave a note.", move: "claim", label: "Take over", note: true };
  if (detail.owner === "nobody") return { text: "This is closed. Open it again to write to the customer, or leave a note.", move: "claim", label: "Open again", note: true };
  const name = detail.assignee_name || "Another agent";
  return may("supervise")
    ? { text: `${name} is answering. You can leave a note that only agents see, or take over.`, move: "take", label: "Take over", note: true }
    : { text: `${name} is answering. You can leave a note that only agents see.`, note: true };
}
