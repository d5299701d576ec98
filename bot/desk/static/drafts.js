// What was begun and not sent, kept in this browser for each agent and conversation.

import { keep, read, state } from "./store.js";

const KEPT = 200; // drafts; the oldest go
const INDEX = "baton-desk-drafts";
const key = (conversation) => `baton-desk-draft:${state.me?.id}:${conversation}`;

/** Return {reply, note, tab, files}; a conversation without a draft has empty texts. */
export const draftOf = (conversation) => ({ reply: "", note: "", tab: "", files: [], ...read(key(conversation)) });

/** Keep a draft; one without words and files is forgotten. */
export function keepDraft(conversation, draft) {
  const empty = !draft.reply.trim() && !draft.note.trim() && !draft.files.length;
  const name = key(conversation);
  const others = (read(INDEX) ?? []).filter((one) => one !== name);
  keep(name, empty ? null : draft);
  if (!empty) others.push(name);
  for (const old of others.splice(0, Math.max(0, others.length - KEPT))) keep(old, null);
  keep(INDEX, others);
}

/** Whether there is a draft, for lists. */
export const hasDraft = (conversation) => { const draft = draftOf(conversation); return Boolean(draft.reply.trim() || draft.note.trim()); };
