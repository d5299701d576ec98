// What an administrator does to somebody's sign-in. Each asks first, and says what becomes of their customers.

import { api } from "./api.js";
import { confirmed, h, toast } from "./dom.js";
import { field, formDialog } from "./form.js";
import { showOnce } from "./once.js";

const LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const MOST = 200;

/** Return how many conversations somebody has, {count, words}: what becomes of them if they can no longer answer. */
export async function held(one) {
  try {
    const { conversations } = await api.get("/conversations", { owner: "agent", limit: MOST });
    const count = conversations.filter((row) => row.assignee === one.id).length;
    if (!count) return { count, words: "They have no conversations at the moment." };
    const said = conversations.length === MOST ? `At least ${count}` : String(count);
    return { count, words: count === 1 && said === "1" ? "Their conversation goes back to the queue." : `${said} of their conversations go back to the queue.` };
  } catch {
    return { count: 1, words: "Conversations that they have go back to the queue." };
  }
}

async function change(one, body, said) {
  try {
    await api.patch(`/agents/${one.id}`, body);
    toast(said);
    return true;
  } catch (error) {
    toast(error.message, { kind: "error", ms: 0 });
    return false;
  }
}

export async function disable(one) {
  const { words } = await held(one);
  const text = `${one.name} is signed out everywhere at once and cannot sign in until you let them in again. ${words} What they wrote is kept.`;
  return await confirmed(`Disable ${one.name}?`, text, { yes: "Disable", danger: true }) && change(one, { disabled: true }, `${one.name} is disabled.`);
}

export const enable = async (one) => await confirmed(`Let ${one.name} in again?`, `${one.name} can sign in again with the same password${one.totp ? " and codes" : ""}.`, { yes: "Let in" })
  && change(one, { disabled: false }, `${one.name} can sign in again.`);

export const turnCodesOff = async (one) => await confirmed(`Turn off ${one.name}'s codes?`, "Then the password alone is enough to sign in. Do this when the phone and the recovery codes are lost, and only if you are sure who asks. They can turn codes on again in their profile.", { yes: "Turn codes off", danger: true })
  && change(one, { totp_off: true }, `${one.name} signs in without codes now.`);

/** Return a password that can be read aloud: 16 letters and digits, none of which look alike. */
function madeUp() {
  const letters = [];
  while (letters.length < 16) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 256 - (256 % LETTERS.length)) letters.push(LETTERS[byte % LETTERS.length]);
  }
  return letters.join("").replace(/.{4}(?!$)/g, "$&-");
}

/** Give somebody another password. Resolves to whether it was done. */
export async function resetPassword(one) {
  const { words } = await held(one);
  const input = h("input", { value: madeUp(), required: true, maxLength: 256, autocomplete: "off", spellcheck: false });
  const done = await formDialog({
    title: `Reset ${one.name}'s password`,
    yes: "Reset the password",
    intro: h("p", `${one.name} is signed out everywhere at once. ${words}`),
    fields: [field("password", "New password", input, { hint: "Made up for you; you can write another one." })],
    save: async ({ password }) => { await api.patch(`/agents/${one.id}`, { password }); return password; },
  });
  if (!done) return false;
  await showOnce({ title: `${one.name} has a new password`, text: "Give it to them by a way that you trust. It is shown this once.", lines: [["E-mail", one.email], ["Password", done]] });
  return true;
}
