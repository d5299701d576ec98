// Builds elements without ever parsing markup, and the few pieces that all views share:
// icons, dialogs, toasts and words for screen readers.

/** Return an element: h("button.primary", {type: "button", onclick}, "Send"). Strings become text nodes. */
export function h(name, ...parts) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.classList.add(...classes);
  for (const part of parts.flat(Infinity)) {
    if (part == null || part === false) continue;
    if (part instanceof Node || typeof part !== "object") node.append(part instanceof Node ? part : String(part));
    else assign(node, part);
  }
  return node;
}

function assign(node, properties) {
  for (const [key, value] of Object.entries(properties)) {
    if (value == null) continue;
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key === "style") for (const [name, one] of Object.entries(value)) node.style.setProperty(name, one);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && !key.includes("-")) node[key] = value;
    else if (value !== false) node.setAttribute(key, value === true ? "" : value);
  }
}

/** Replace what is in `node`; keeps what has the focus if it is among the new children. */
export const fill = (node, ...children) => node.replaceChildren(...children.flat(Infinity).filter((c) => c != null && c !== false));

const SHAPES = {
  inbox: "M4 13l2.5-8h11L20 13v6H4zM4 13h5l1 2.5h4L15 13h5",
  mine: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.2a6.5 6.5 0 0 1 3.5 5.8",
  bot: "M6 9h12v9H6zM12 9V5M9.5 13v1M14.5 13v1M3.5 12v3M20.5 12v3",
  done: "M4.5 12.5l5 5 10-11",
  all: "M4 6h16M4 12h16M4 18h16",
  work: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20",
  send: "M5 12l14-7-4.5 14-3-5.5z",
  note: "M5 4h10l4 4v12H5zM9 11h6M9 15h4",
  clip: "M8 12.5l6-6a3 3 0 0 1 4.2 4.2l-7.7 7.8a5 5 0 0 1-7-7L10 5",
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  down: "M6 9.5l6 6 6-6",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  warn: "M12 4L2.8 20h18.4zM12 10v4.5M12 17.4v.1",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 7.8v.1",
  undo: "M8 5L4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11h-3",
  transfer: "M4 8h13M13 4l4 4-4 4M20 16H7M11 12l-4 4 4 4",
  settings: "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM12 2.8v2.6M12 18.6v2.6M2.8 12h2.6M18.6 12h2.6M5.5 5.5l1.8 1.8M16.7 16.7l1.8 1.8M5.5 18.5l1.8-1.8M16.7 7.3l1.8-1.8",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.4v.1",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  bell: "M6 16V11a6 6 0 1 1 12 0v5l1.5 2h-15zM10 20.5h4",
  mute: "M6 16V11a6 6 0 0 1 9-5.2M18 10.5V16l1.5 2H8M10 20.5h4M4 4l16 16",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  plus: "M12 5v14M5 12h14",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7L12 7.2M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7l1.3-1.4",
  star: "M12 4l2.5 5 5.5.8-4 4 1 5.5-5-2.6-5 2.6 1-5.5-4-4 5.5-.8z",
  box: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
  shield: "M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6z",
  out: "M14 4h5v16h-5M4 12h10M10 8l4 4-4 4",
  web: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5",
  copy: "M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4",
  panel: "M4 5h16v14H4zM14.5 5v14",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2",
  phone: "M6 3.5h3.5l1.5 4-2 1.5a11 11 0 0 0 6 6l1.5-2 4 1.5V18a2.5 2.5 0 0 1-2.7 2.5C10.5 20 4 13.5 3.5 6.2A2.5 2.5 0 0 1 6 3.5z",
  mail: "M3.5 6h17v12.5h-17zM4 6.5l8 6.5 8-6.5",
  menu: "M4 7h16M4 12h16M4 17h16",
  filter: "M4 6h16M7 12h10M10 18h4",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  key: "M14.5 13.5a5 5 0 1 0-4.2-2.3L4 17.5V20h3v-2h2v-2h1.5l1.7-1.7a5 5 0 0 0 2.3-.8zM15.5 8.5h.01",
  download: "M12 4v11M7.5 10.5L12 15l4.5-4.5M5 19.5h14",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  chat: "M4.5 20l1-4A8.5 7.2 0 1 1 9 18.6z",
};
const SVG = "http://www.w3.org/2000/svg";

/** Return an icon of 1.25em; it is decoration, so name the control that holds it. */
export function icon(shape) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SHAPES[shape] ?? SHAPES.info);
  svg.append(path);
  return svg;
}

/** Return a button that shows an icon and is named by `label` (also its tooltip, with the key if there is one). */
export function iconButton(shape, label, onclick, { key = "", name = "" } = {}) {
  return h(`button.icon-button${name ? "." + name : ""}`,
    { type: "button", onclick, "aria-label": label, title: key ? `${label} (${key})` : label }, icon(shape));
}

/** Return a span that only screen readers read. */
export const hidden = (text) => h("span.sr", text);

let polite, urgent;

/** Say something to screen readers. */
export function announce(text, { now = false } = {}) {
  polite ??= document.body.appendChild(h("div.sr", { role: "status" }));
  urgent ??= document.body.appendChild(h("div.sr", { role: "alert" }));
  const region = now ? urgent : polite;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}

/** Show a line at the edge of the screen; returns a function that takes it away. `action` is {label, run}. */
export function toast(text, { kind = "info", action = null, ms = 5000 } = {}) {
  let shelf = document.querySelector(".toasts");
  shelf ??= document.body.appendChild(h("div.toasts"));
  const close = () => node.remove();
  const node = h(`div.toast.${kind}`, { role: kind === "error" ? "alert" : "status" }, h("span", text),
    action && h("button.text-button", { type: "button", onclick: () => { close(); action.run(); } }, action.label),
    iconButton("close", "Dismiss", close));
  shelf.append(node);
  while (shelf.children.length > 4) shelf.firstElementChild.remove();
  if (ms) setTimeout(close, ms);
  return close;
}

/**
 * Open a modal dialog and resolve to what `submit` returned, or null when it was dismissed.
 * `build(close)` returns its content; the browser keeps the focus inside and gives it back afterwards. `leaving()`
 * is asked before it is dismissed, and may resolve to false: what was typed would be lost.
 */
export function dialog({ title, name = "", build, label = "", leaving = null }) {
  return new Promise((resolve) => {
    const node = h(`dialog.dialog${name ? "." + name : ""}`, { "aria-label": label || title });
    let result = null;
    const close = (value = null) => { result = value; node.close(); };
    const dismiss = async () => { if (!leaving || await leaving()) close(); };
    node.append(
      ...(title ? [h("header.dialog-head", h("h2", title), iconButton("close", "Close", dismiss, { key: "Esc" }))] : []),
      build(close),
    );
    node.addEventListener("close", () => { node.remove(); resolve(result); });
    node.addEventListener("cancel", (event) => { if (leaving) { event.preventDefault(); dismiss(); } });
    node.addEventListener("mousedown", (event) => { if (event.target === node) dismiss(); });
    document.body.append(node);
    node.showModal();
  });
}

/** Ask a yes or no question; resolves to true or false. */
export const confirmed = (title, text, { yes = "Yes", danger = false } = {}) => dialog({
  title,
  name: "small",
  build: (close) => h("form.dialog-body", { onsubmit: (event) => { event.preventDefault(); close(true); } },
    h("p", text),
    h("div.dialog-actions",
      h("button.button", { type: "button", onclick: () => close() }, "Cancel"),
      h(`button.button.${danger ? "danger" : "primary"}`, { type: "submit", autofocus: true }, yes))),
}).then(Boolean);
