// Commands: one list for keys, palette and help sheet, so that none of the three can forget one.

const commands = new Map();
let waiting = "", timer = 0;

/**
 * Register a command. `keys` such as "c", "g q" (one after the other), "mod+k", "shift+n"; `when()` says whether it
 * can be used now; `typing: true` lets it work in text fields, `repeat: true` while the key is held. `words` are
 * further words by which the palette finds it. Returns a function after which it
 * can be done no more; the help sheet still shows it.
 */
export function command({ id, title, group = "General", keys = "", run, when = () => true, typing = false, repeat = false, words = "" }) {
  commands.set(id, { id, title, group, keys, run, when, typing, repeat, words });
  return () => { if (commands.get(id)?.run === run) commands.set(id, { ...commands.get(id), when: () => false }); };
}

/** Return what can be done now, or everything with `all`. */
export const available = ({ all = false } = {}) => [...commands.values()].filter((one) => all || one.when());

/** Do what has this id, if it can be done now; `given` is for the few that can be told more. */
export const run = (id, given) => { const one = commands.get(id); if (one?.when()) one.run(given); };

const apple = /Mac|iP(hone|ad)/.test(navigator.platform);

/** Return keys as people read them: "mod+k" is ⌘K or Ctrl K. */
export const readable = (keys) => keys.split(" ").map((part) => part.split("+")
  .map((key) => ({ mod: apple ? "⌘" : "Ctrl", shift: "⇧", alt: apple ? "⌥" : "Alt", enter: "↵", escape: "Esc", arrowdown: "↓", arrowup: "↑" })[key] ?? key.toUpperCase())
  .join(" ")).join(" then ");

function pressed(event) {
  const key = event.key.toLowerCase();
  const parts = [];
  if (event.metaKey || event.ctrlKey) parts.push("mod");
  if (event.altKey) parts.push("alt");
  if (event.shiftKey && (key.length > 1 || /[a-z]/.test(key))) parts.push("shift");
  return [...parts, key].join("+");
}

/** Whether keys are words here, or (data-quiet) may be the rest of one. */
const writes = (node) => node?.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]") != null || node?.dataset?.quiet != null;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (document.querySelector("dialog[open]")) return; // dialogs have keys of their own
  const now = pressed(event);
  const both = waiting ? `${waiting} ${now}` : now;
  const text = writes(event.target);
  const found = available().find((one) => one.keys === both && (one.typing || !text) && (one.repeat || !event.repeat));
  clearTimeout(timer);
  waiting = "";
  if (found) {
    event.preventDefault();
    found.run();
  } else if (!text && available().some((one) => one.keys.startsWith(now + " "))) {
    waiting = now;
    timer = setTimeout(() => (waiting = ""), 1200);
  }
});
