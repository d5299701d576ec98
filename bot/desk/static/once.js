// Secrets that are shown a single time: passwords and recovery codes, to be copied or kept as a file.

import { dialog, h, icon, toast } from "./dom.js";

/** Put text on the clipboard, and say so. */
export async function copy(text, what = "It") {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} is on the clipboard.`);
  } catch { toast("The browser did not allow copying: select the text instead.", { kind: "error" }); }
}

/** Let the browser keep text as a file. */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Show [label, value] lines until the reader says that they have them. */
export function showOnce({ title, text, lines }) {
  const all = lines.map(([label, value]) => `${label}: ${value}`).join("\n");
  const line = ([label, value]) => h("div.secret-line", h("dt", label), h("dd", h("code", value)),
    h("button.icon-button", { type: "button", "aria-label": `Copy: ${label}`, title: "Copy", onclick: () => copy(value, label) }, icon("copy")));
  return dialog({
    title,
    name: "once",
    build: (close) => h("div.dialog-body", h("p", text), h("dl.secret", lines.map(line)),
      h("div.dialog-actions", h("button.button", { type: "button", onclick: () => copy(all) }, icon("copy"), "Copy all"),
        h("button.button.primary", { type: "button", autofocus: true, onclick: () => close(true) }, "Done"))),
  });
}
