// One-time codes: turned on with a picture for the phone and a first code, turned off with the password.

import { api } from "./api.js";
import { confirmed, dialog, h, icon, toast } from "./dom.js";
import { field, form, formDialog } from "./form.js";
import { copy, download } from "./once.js";

/** Turn codes on; resolves to whether they are. */
export async function codesOn() {
  let begun;
  try { begun = await api.post("/me/totp"); } catch (error) { toast(error.message, { kind: "error" }); return false; }
  const codes = await dialog({ title: "Turn one-time codes on", name: "totp", build: (close) => enrolment(begun, close) });
  if (!codes) return false;
  await recovery(codes);
  return true;
}

function enrolment({ secret, qr }, close) {
  const spaced = secret.replace(/.{4}(?!$)/g, "$& ");
  const code = h("input.code-input", { required: true, autocomplete: "one-time-code", inputMode: "numeric", maxLength: 7, pattern: "[0-9 ]{6,7}", placeholder: "123 456", autofocus: true });
  const made = form({
    fields: [field("code", "Code that the app shows", code)],
    yes: "Turn on",
    cancel: () => close(),
    save: async (values) => close((await api.post("/me/totp/confirm", values)).recovery_codes),
  });
  made.node.prepend(h("ol.steps", h("li", h("b", "Scan this with an authenticator app"), h("img.qr", { src: `data:image/svg+xml,${encodeURIComponent(qr)}`, alt: "QR code with the secret for your authenticator app", width: 180, height: 180 })),
    h("li", h("b", "Or type the secret"), h("p.secret-type", h("code", spaced), h("button.icon-button", { type: "button", "aria-label": "Copy the secret", title: "Copy", onclick: () => copy(secret, "The secret") }, icon("copy")))),
    h("li", h("b", "Enter the code that it shows"))));
  return made.node;
}

/** Show the recovery codes until they are said to be kept. */
function recovery(codes) {
  const text = `Recovery codes for Baton. Each works once instead of a code from the phone.\n\n${codes.join("\n")}\n`;
  let kept = false;
  const keeping = (run) => () => { kept = true; run(); };
  return dialog({
    title: "Keep your recovery codes",
    name: "totp",
    leaving: async () => kept || confirmed("Did you keep the codes?", "They are never shown again. Without them a lost phone locks you out until an administrator helps.", { yes: "I have them" }),
    build: (close) => h("div.dialog-body", h("p", "Codes are on. If your phone is lost, each of these signs you in once. They are shown this once: keep them where you keep passwords."),
      h("ol.recovery", { "aria-label": "Recovery codes" }, codes.map((one) => h("li", h("code", one)))),
      h("div.dialog-actions", h("button.button", { type: "button", onclick: keeping(() => copy(text, "The list")) }, icon("copy"), "Copy"),
        h("button.button", { type: "button", onclick: keeping(() => download("baton-recovery-codes.txt", text)) }, icon("download"), "Download"),
        h("button.button.primary", { type: "button", autofocus: true, onclick: () => close(true) }, "I have kept them"))),
  });
}

/** Turn codes off with the password; resolves to whether that was done. */
export async function codesOff() {
  const done = await formDialog({
    title: "Turn one-time codes off?",
    yes: "Turn off",
    intro: h("p", "Your password alone is then enough to sign in, and the recovery codes no longer work."),
    fields: [field("password", "Your password", h("input", { type: "password", required: true, autocomplete: "current-password", autofocus: true }))],
    save: async ({ password }) => {
      try { await api.post("/me/totp/off", { password }); } catch (error) {
        if (error.code === "wrong_password") error.fields.field = "password";
        throw error;
      }
      return true;
    },
  });
  if (done) toast("Codes are off.");
  return Boolean(done);
}
