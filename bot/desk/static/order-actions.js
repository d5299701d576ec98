// What an agent may do with an order: the dialog that asks, the one request, and the answer in plain words.

import { api } from "./api.js";
import { dialog, fill, h, icon } from "./dom.js";
import { money } from "./format.js";

/** Each action: its name, what will happen, the fields it needs, and the arguments it sends. */
export const ACTIONS = {
  cancel_order: {
    label: "Cancel", title: (o) => `Cancel order ${o.number}?`, yes: "Cancel the order", danger: true,
    says: (o) => Number(o.cancellation_fee) > 0 ? `The company keeps ${money(o.cancellation_fee, o.currency)}; the rest of ${money(o.total, o.currency)} goes back the way it was paid. This cannot be undone.` : `${money(o.total, o.currency)} goes back the way it was paid, without a fee. This cannot be undone.`,
    fields: () => [], values: (o) => ({ number: o.number }),
  },
  change_address: {
    label: "Change address", title: (o) => `Another address for order ${o.number}`, yes: "Change the address",
    says: () => "Only this order goes to the new address.",
    fields: (o) => [field("Address", h("textarea", { name: "address", rows: 3, required: true, minLength: 8, maxLength: 300, dir: "auto", value: o.address ?? "" }))],
    values: (o, form) => ({ number: o.number, address: form.address.value.trim().replace(/\s*\n\s*/g, ", ") }),
  },
  start_return: {
    label: "Start a return", title: (o) => `Return from order ${o.number}`, yes: "Start the return",
    says: () => "The customer can send it back and gets the money when it has arrived.",
    fields: (o) => [
      field("What", h("select", { name: "item" }, h("option", { value: "" }, "The whole order"), (o.items ?? []).map((item) => h("option", { value: item.name }, item.name)))),
      field("Why", h("input", { name: "reason", maxLength: 200, required: true, dir: "auto", placeholder: "In a few words" })),
    ],
    values: (o, form) => ({ number: o.number, item: form.item.value, reason: form.reason.value.trim() }),
  },
  goodwill: {
    label: "Goodwill", title: (o) => `Goodwill for order ${o.number}`, yes: "Give it",
    says: (o, facts) => facts?.goodwill_limit ? `Up to ${money(facts.goodwill_limit, o.currency)} without asking anybody. It is paid back the way the order was paid.` : "It is paid back the way the order was paid.",
    fields: (o, facts) => [
      field(`Amount in ${o.currency}`, h("input", { name: "amount", type: "number", min: "0.01", step: "0.01", max: facts?.goodwill_limit ?? o.total, required: true, inputMode: "decimal" })),
      field("Why", h("input", { name: "reason", maxLength: 200, required: true, dir: "auto", placeholder: "For the record" })),
    ],
    values: (o, form) => ({ number: o.number, amount: form.amount.value, reason: form.reason.value.trim() }),
  },
};

const field = (label, control) => h("label.field", h("span", label), control);

const SAID = {
  refused: "The company's rules do not allow this.",
  not_allowed: "You are not allowed to do this.",
  try_later: "We cannot know whether this was done. Check the order before you promise anything, or try again: it is never done twice.",
  unknown: "We cannot know whether this was done. Check the order before you promise anything, or try again: it is never done twice.",
};

/** Ask, do it, and show the answer until it has been read; resolves to the answer, or null when it was not done. */
export async function askAction(thread, name, order, facts) {
  const action = ACTIONS[name];
  const client_id = crypto.randomUUID?.() ?? String(Math.random()).slice(2); // one for all attempts: it is done once
  let answer = null;
  await dialog({ title: action.title(order), name: "small", build: (close) => {
    const said = h("div.answer", { role: "status" });
    const submit = h(`button.button.${action.danger ? "danger" : "primary"}`, { type: "submit" }, action.yes);
    const cancel = h("button.button", { type: "button", onclick: () => close() }, "Not now");
    const send = async (event) => {
      event.preventDefault();
      submit.disabled = true;
      fill(said, h("p.quiet", "One moment…"));
      answer = await ask(thread, { action: name, arguments: action.values(order, event.target), client_id });
      if (answer.status === "ok") return close();
      show(said, answer);
      submit.disabled = answer.status === "refused" || answer.status === "not_allowed";
      submit.hidden = submit.disabled;
      submit.textContent = "Try again";
      cancel.textContent = "Close";
    };
    return h("form.dialog-body", { onsubmit: send }, h("p", action.says(order, facts)), action.fields(order, facts), said, h("div.dialog-actions", cancel, submit));
  } });
  return answer;
}

async function ask(thread, body) {
  try {
    return await api.post(`/conversations/${thread.id}/actions`, body);
  } catch (error) {
    if (error.offline) return { status: "unknown", message: "" }; // it may have arrived
    return { status: "refused", message: error.message };
  }
}

function show(said, { status, message, detail }) {
  const unsure = status === "unknown" || status === "try_later";
  fill(said, h(`p.notice.${unsure ? "danger" : "warn"}`, icon("warn"), h("span", message || SAID[status] || "It was not done.", detail && !message && ` (${detail.replaceAll("_", " ")})`)));
}
