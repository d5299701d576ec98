// Writing a canned reply: placeholders to put in, and a preview with an example customer.

import { api } from "./api.js";
import { filled, marked } from "./canned.js";
import { fill, h, toast } from "./dom.js";
import { choice, field, formDialog } from "./form.js";
import { state } from "./store.js";

const PLACEHOLDERS = [["customer.first_name", "First name"], ["customer.name", "Customer's name"], ["agent.name", "Agent's name"], ["order.number", "Order number"]];
const EXAMPLE = { "customer.name": "Mia Anders", "customer.first_name": "Mia", "order.number": "4521" };
const LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "tr", "ar", "hi", "ja", "zh"];

const called = new Intl.DisplayNames(["en"], { type: "language" });
function languages(present) {
  const codes = new Set([...LANGUAGES, ...(present ? [present] : [])]);
  return [["", "Every language"], ...[...codes].map((code) => [code, called.of(code)])];
}

async function teams(present) {
  const { teams: found } = await api.get("/teams").catch(() => ({ teams: [] }));
  const names = new Set([...found.map((one) => one.name), ...(present ? [present] : [])]);
  return [["", "Every team"], ...[...names].map((name) => [name, name])];
}

/** Write a reply, or change `one`. Resolves to the reply, or null. */
export async function editReply(one) {
  const text = h("textarea", { required: true, maxLength: 4096, rows: 6, value: one?.text ?? "", dir: "auto" });
  const shortcut = h("input", { required: true, maxLength: 41, value: one?.shortcut ?? "", autocomplete: "off", spellcheck: false, placeholder: "refund" });
  const written = field("text", "Text", text);
  const fields = [
    field("title", "Title", h("input", { required: true, maxLength: 100, value: one?.title ?? "", autocomplete: "off", autofocus: true })),
    field("shortcut", "Shortcut", shortcut, { hint: "Agents type / and this in their reply." }), written,
    field("team", "For", choice(await teams(one?.team), one?.team ?? "")),
    field("language", "Language", choice(languages(one?.language), one?.language ?? "")),
  ];
  const done = await formDialog({
    title: one ? "Edit the reply" : "New reply",
    name: "reply",
    fields,
    extra: preview(text, written.node),
    save: (values) => (one ? api.put(`/canned/${one.id}`, values) : api.post("/canned", values)),
  });
  if (done) toast(`/${done.shortcut} is saved.`);
  return done;
}

/** Put the placeholders' buttons above the text, and return what shows how it reads. */
function preview(text, place) {
  const shown = h("p.reply-preview", { dir: "auto" });
  const draw = () => fill(shown, text.value.trim() ? marked(filled(text.value, { ...EXAMPLE, "agent.name": state.me?.name })) : h("span.quiet", "What the customer reads appears here."));
  const insert = (name) => {
    text.focus();
    text.setRangeText(`{${name}}`, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  text.addEventListener("input", draw);
  draw();
  place.insertBefore(h("div.put-in", { role: "group", "aria-label": "Put in" },
    PLACEHOLDERS.map(([name, said]) => h("button.put-in-one", { type: "button", title: `{${name}}`, onclick: () => insert(name) }, "+ ", said))), text);
  return h("section.preview-box", { "aria-label": "Preview" }, h("h3", `To ${EXAMPLE["customer.name"]}, order ${EXAMPLE["order.number"]}`), shown);
}
