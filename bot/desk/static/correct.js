// "This meant…": an agent says which intent a message had. It lands in the trainers' list.

import { api } from "./api.js";
import { dialog, fill, h, toast } from "./dom.js";
import { intents, intentTitle } from "./intents.js";

const SHOWN = 60;

/** Ask what `entry` meant and tell the server. */
export async function correct(thread, entry) {
  const answer = await ask(entry);
  if (!answer) return;
  try {
    thread.put(await api.post(`/conversations/${thread.id}/messages/${entry.seq}/correction`, answer));
    toast(`Noted: this meant “${intentTitle(answer.intent)}”. The trainers see it.`, { action: { label: "Undo", run: () => uncorrect(thread, entry.seq) } });
  } catch (error) {
    toast(error.message, { kind: "error" });
  }
}

/** Take back what was said of entry `seq`. */
export async function uncorrect(thread, seq) {
  try {
    const entry = await api.delete(`/conversations/${thread.id}/messages/${seq}/correction`);
    if (entry?.seq) thread.put(entry); else await thread.refresh(seq);
    toast("Taken back.", { ms: 2000 });
  } catch (error) {
    toast(error.message, { kind: "error" });
  }
}

function ask(entry) {
  let all = [], found = [], at = -1;
  const list = h("ul.meanings", { id: "meanings", role: "listbox", "aria-label": "Intents" });
  const search = h("input", { type: "text", role: "combobox", placeholder: "Search: return, invoice, address…", "aria-label": "What did it mean?", "aria-controls": "meanings", "aria-expanded": "true", autofocus: true, autocomplete: "off", spellcheck: false });
  const submit = h("button.button.primary", { type: "submit", disabled: true }, "Save");
  const show = () => {
    fill(list, found.slice(0, SHOWN).map((one, i) => meaning(one, i === at, () => { at = i; show(); })), !found.length && h("li.quiet", { role: "presentation" }, all.length ? "Nothing fits." : "Loading…"));
    search.setAttribute("aria-activedescendant", found[at] ? `meaning-${found[at].name}` : "");
    list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    submit.disabled = !found[at];
  };
  const look = () => { found = ranked(all, search.value, entry.nlu); at = search.value && found.length ? 0 : -1; show(); };
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && found.length) { event.preventDefault(); at = Math.max(0, Math.min(Math.min(found.length, SHOWN) - 1, at + by)); show(); }
  });
  intents().then((read) => { all = read; look(); }, (error) => fill(list, h("li.form-error", error.message)));
  show();
  return dialog({
    title: "This meant…", name: "small",
    build: (close) => h("form.dialog-body", { onsubmit: (event) => { event.preventDefault(); if (found[at]) close({ intent: found[at].name, note: event.target.note.value }); } },
      h("blockquote.quoted", { dir: "auto" }, entry.text), search, list,
      h("label.field", h("span", "Note for the trainers"), h("input", { name: "note", maxLength: 500, placeholder: "Optional" })),
      h("div.dialog-actions", h("button.button", { type: "button", onclick: () => close() }, "Cancel"), submit)),
  });
}

const meaning = (one, chosen, onclick) => h("li.meaning", { id: `meaning-${one.name}`, role: "option", "aria-selected": String(chosen), onclick }, h("strong", one.title), h("span.quiet", { dir: "auto" }, one.examples?.[0] ? `“${one.examples[0]}”` : one.name));

/** Return the intents that fit, those first that the assistant thought of itself. */
function ranked(all, query, nlu) {
  const guesses = (nlu?.intents ?? []).map((one) => one.name);
  const wanted = query.toLowerCase().trim().split(/\s+/).filter(Boolean);
  const place = (one) => { const at = guesses.indexOf(one.name); return at < 0 ? 99 : at; };
  return all.filter((one) => wanted.every((word) => `${one.title} ${one.name} ${(one.examples ?? []).join(" ")}`.toLowerCase().includes(word)))
    .sort((a, b) => named(b, wanted) - named(a, wanted) || place(a) - place(b) || a.title.localeCompare(b.title));
}
const named = (one, wanted) => Number(wanted.length > 0 && wanted.every((word) => one.title.toLowerCase().includes(word)));
