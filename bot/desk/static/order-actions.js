// What an agent may do with an order: the dialog that asks, the one request, and the answer in plain words.

import { api } from "./api.js";
import { dialog, fill, h, icon } from "./dom.js";
import { money } from "./format.js";

/** Each action: its name, what will happen, the fields it needs, and the arguments it sends. */
export const ACTIONS = {
  cancel_order: {
    label: "Cancel order", title: (o) => `Cancel order ${o.number}?`, yes: "Cancel the order", danger: true,
    says: (o) => Number(o.cancellation_fee) > 0
      ? `The company keeps ${money(o.cancellation_fee, o.currency)}; the rest of ${money(o.total, o.currency)} goes back the way it was paid. This cannot be undone.`
      : `${money(o.total, o.currency)} goes back the way it was paid, without a fee. This cannot be undone.`,
    fields: () => [], values: (o) => ({ number: o.number }),
  },
  change_address: {
    label: "Change address", title: (o) => `Another address for order ${o.number}`, yes: "Change the address",
    says: () => "Only this order goes to the new address.",
    fields: (o) => [field("Address, all of it in one line", h("textarea", { name: "address", rows: 2, required: true, minLength: 8, maxLength: 300, dir: "auto", autofocus: true, value: o.address ?? "" }))],
    values: (o, form) => ({ number: o.number, address: form.address.value.trim().replace(/\s*\n\s*/g, ", ") }),
  },
  start_return: {
    label: "Start a return", title: (o) => `Return from order ${o.number}`, yes: "Start the return",
    says: () => "The company is told what comes back and what the customer gets for it.",
    fields: (o) => [
      field("What", h("select", { name: "item", autofocus: true }, h("option", { value: "" }, "The whole order"), (o.items ?? []).map((item) => h("option", { value: item.name }, item.name)))),
      field("For it", h("select", { name: "resolution" }, h("option", { value: "refund" }, "The money back"), h("option", { value: "replacement" }, "The same article again"))),
      field("Why", h("input", { name: "reason", maxLength: 200, required: true, dir: "auto", placeholder: "In a few words" })),
    ],
    values: (o, form) => ({ number: o.number, reason: form.reason.value.trim(), item: form.item.value, resolution: form.resolution.value }),
  },
  goodwill: {
    label: "Goodwill", title: (o) => `Goodwill for order ${o.number}`, yes: "Give it",
    says: (o, goodwill) => !goodwill ? "The customer is given this amount."
      : `You may give up to ${money(goodwill.limit, o.currency)} at once; this customer was given ${money(goodwill.given, o.currency)} in ${goodwill.days} days, ${money(goodwill.left, o.currency)} is left.`,
    fields: (o, goodwill) => [
      field(`Amount in ${o.currency}`, h("input", { name: "amount", type: "number", min: "0.01", step: "0.01", max: goodwill && String(Math.min(goodwill.limit, goodwill.left)), required: true, autofocus: true, inputMode: "decimal" })),
      field("Why", h("input", { name: "reason", maxLength: 200, required: true, dir: "auto", placeholder: "For the record" })),
    ],
    values: (o, form) => ({ number: o.number, amount: form.amount.value, reason: form.reason.value.trim() }),
  },
};

const field = (label, control) => h("label.field", h("span", label), control);
const UNSURE = "We cannot know whether this was done. Ask for the same again to find out; it is never done twice.";
const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Ask, do it, and show the answer until it has been read; resolves to the last answer, or null when nothing was asked for. */
export async function askAction(thread, name, order, goodwill) {
  const action = ACTIONS[name];
  const ids = new Map(); // the same wish has the same id, however often it is asked: it is done once
  let answer = null;
  const send = async (body) => {
    const wish = JSON.stringify(body);
    if (answer?.status === "try_later" || !ids.has(wish)) ids.set(wish, newId());
    return (answer = await ask(thread, { action: name, arguments: body, client_id: ids.get(wish) }));
  };
  await dialog({ title: action.title(order), name: "small", build: (close) => form(action, order, goodwill, send, close) });
  return answer;
}

function form(action, order, goodwill, send, close) {
  const said = h("div.answer", { role: "status" });
  const submit = h(`button.button.${action.danger ? "danger" : "primary"}`, { type: "submit" }, action.yes);
  const cancel = h("button.button", { type: "button", onclick: () => close() }, "Not now");
  const sent = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    fill(said, h("p.quiet", "One moment…"));
    const answer = await send(action.values(order, event.target));
    submit.disabled = false;
    if (answer.status === "ok") { close(); return; }
    fill(said, told(answer));
    submit.textContent = answer.status === "unknown" ? "Ask again" : "Try again";
    cancel.textContent = "Close";
  };
  return h("form.dialog-body", { onsubmit: sent }, h("p", action.says(order, goodwill)), action.fields(order, goodwill), said, h("div.dialog-actions", cancel, submit));
}

async function ask(thread, body) {
  try {
    return await api.post(`/conversations/${thread.id}/actions`, body);
  } catch (error) {
    if (error.offline) return { status: "unknown", message: UNSURE }; // it may have arrived
    return { status: "refused", message: error.message };
  }
}

const told = ({ status, message }) => h(`p.notice${status === "unknown" ? ".danger" : ""}`, icon("warn"), h("span", message || UNSURE));

/** Ask for the number of an order that is not known to be the customer's, and why it is opened; resolves to it or null. */
export const askLookUp = (thread) => dialog({ title: "Open another order", name: "small", build: (close) => {
  const said = h("p.form-error", { role: "alert" });
  const submit = h("button.button.primary", { type: "submit" }, "Open");
  const sent = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const { number, reason } = event.target;
    try {
      close(await api.post(`/conversations/${thread.id}/orders`, { number: number.value.trim(), reason: reason.value.trim() }));
    } catch (error) {
      said.textContent = error.message;
      submit.disabled = false;
    }
  };
  return h("form.dialog-body", { onsubmit: sent }, h("p", "Be sure that it is this customer's. The audit log keeps who opened which order, and why."),
    field("Order number", h("input", { name: "number", required: true, maxLength: 100, autofocus: true, autocomplete: "off", spellcheck: false })),
    field("Why", h("input", { name: "reason", required: true, maxLength: 300, placeholder: "How you know that it is theirs" })),
    said, h("div.dialog-actions", h("button.button", { type: "button", onclick: () => close() }, "Cancel"), submit));
} });
