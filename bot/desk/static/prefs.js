// My own settings, kept in this browser: what the desk looks like, how it calls me, how long a message can be undone.

import { askPermission, permission } from "./alerts.js";
import { dialog, h, toast } from "./dom.js";
import { play } from "./sound.js";
import { prefs, setPref } from "./store.js";

const THEMES = [["auto", "As the system"], ["light", "Light"], ["dark", "Dark"]];
const UNDO = [[0, "Off"], [3, "3 seconds"], [5, "5 seconds"], [10, "10 seconds"], [20, "20 seconds"]];

export const preferences = () => dialog({
  title: "Settings",
  name: "prefs",
  build: () => h("div.dialog-body",
    h("p.quiet", "These are kept in this browser."),
    choice("Theme", "theme", THEMES),
    row("Sounds", "When somebody waits, and when one of your customers writes.", toggle("sound"), h("button.button", { type: "button", onclick: () => play("waiting") }, "Play")),
    row("Browser notifications", NOTES[permission()], notifications()),
    row("Enter sends", "Otherwise Ctrl or ⌘ with Enter does, and Enter begins a new line.", toggle("enter")),
    choice("Undo a sent message within", "undo", UNDO)),
});

const NOTES = {
  default: "When somebody waits while this page is out of sight. The browser asks first.",
  granted: "When somebody waits while this page is out of sight.",
  denied: "The browser blocks them for this site; its own settings can allow them.",
};

const row = (title, text, control, more = null) => h("div.pref", h("label", h("span", h("b", title), h("small", text)), control), more);

function toggle(name) {
  const input = h("input.switch", { type: "checkbox", role: "switch", checked: Boolean(prefs[name]), onchange: () => setPref(name, input.checked) });
  return input;
}

function notifications() {
  const input = h("input.switch", { type: "checkbox", role: "switch", checked: prefs.notify && permission() === "granted", disabled: permission() === "denied" });
  input.addEventListener("change", async () => {
    if (!input.checked) { setPref("notify", false); return; }
    input.checked = await askPermission();
    if (!input.checked) toast("The browser does not allow notifications for this site.");
  });
  return input;
}

function choice(title, name, options) {
  const inputs = options.map(([value, text]) => h("label", h("input", { type: "radio", name: `pref-${name}`, value: String(value), checked: prefs[name] === value, onchange: () => setPref(name, value) }), h("span", text)));
  return h("fieldset.pref-choice", h("legend", title), h("div.segments", inputs));
}
