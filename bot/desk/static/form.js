// Forms: fields that carry their own errors, and dialogs with a form that ask before what was typed is thrown away.

import { confirmed, dialog, h } from "./dom.js";

let count = 0;

/** Return {node, input, name, label, error(text)}: a labelled field; `hint` is a line that explains it. */
export function field(name, label, input, { hint = null, aside = null } = {}) {
  const id = `field-${++count}`;
  const wrong = h("small.field-error", { id: `${id}-error` });
  const help = hint && h("small", { id: `${id}-hint` }, hint);
  input.id = id;
  input.name ||= name;
  input.setAttribute("aria-describedby", `${hint ? `${id}-hint ` : ""}${id}-error`);
  const node = h("div.field", h("label", { htmlFor: id }, label), aside ? h("div.field-row", input, aside) : input, wrong, help);
  const error = (text = "") => {
    wrong.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
  };
  input.addEventListener("input", () => error());
  return { node, input, name, label, error };
}

/** Return what a field lacks, in words; what only the browser can tell is said in its own. */
const complaint = ({ label, input }) => (input.validity.valueMissing ? `${label} is missing.` : input.validationMessage);

/** Return a select with `options` of [value, text]. */
export const choice = (options, value = "", more = {}) =>
  h("select", more, options.map(([one, text]) => h("option", { value: one, selected: one === value }, text)));

/** Show what the server refused at the field that it names, or in `general`; says it to screen readers as well. */
export function showError(error, fields, general) {
  const found = fields.find((one) => one.name === error.fields?.field);
  general.textContent = found ? "" : error.message;
  found?.error(error.message);
  found?.input.focus();
}

const valuesOf = (fields) => Object.fromEntries(fields.map(({ name, input }) => [name, input.type === "checkbox" ? input.checked : input.value.trim()]));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Ask whether what was typed may be thrown away; resolves to true or false. */
export const discard = () => confirmed("Discard your changes?", "What you have typed here is not saved yet.", { yes: "Discard", danger: true });

/**
 * Wire a form: `save(values)` is awaited once at a time, and what it refuses is shown where it belongs.
 * Returns {node, dirty(), values(), settle()}; settle() takes the present values as saved.
 */
export function form({ fields, save, yes = "Save", extra = null, cancel = null, more = null }) {
  const general = h("p.form-error", { role: "alert" });
  const button = h("button.button.primary", { type: "submit" }, yes);
  let saved = valuesOf(fields);
  const submit = async (event) => {
    event.preventDefault();
    const missing = fields.find(({ input }) => !input.checkValidity());
    general.textContent = "";
    for (const one of fields) one.error(complaint(one));
    if (missing) { missing.input.focus(); return; }
    button.disabled = true;
    try { await save(valuesOf(fields)); } catch (error) { showError(error, fields, general); } finally { button.disabled = false; }
  };
  const node = h("form.dialog-body", { noValidate: true, onsubmit: submit }, fields.map((one) => one.node), extra, general,
    h("div.dialog-actions", more, cancel && h("button.button", { type: "button", onclick: cancel }, "Cancel"), button));
  return { node, button, dirty: () => !same(saved, valuesOf(fields)), values: () => valuesOf(fields), settle: () => { saved = valuesOf(fields); } };
}

/** Open a dialog with a form; resolves to what `save(values)` returned, or null. */
export function formDialog({ title, fields, save, yes, extra, intro = null, name = "" }) {
  let made;
  return dialog({
    title,
    name,
    leaving: () => !made.dirty() || discard(),
    build: (close) => {
      const dismiss = async () => { if (!made.dirty() || await discard()) close(); };
      made = form({ fields, yes, extra, cancel: dismiss, save: async (values) => close(await save(values)) });
      if (intro) made.node.prepend(intro);
      return made.node;
    },
  });
}
