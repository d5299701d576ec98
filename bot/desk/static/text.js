// Texts of strangers as nodes: links that can only lead to web pages and mailboxes, and long ones folded.

import { h } from "./dom.js";

const LINK = /\b(?:https?:\/\/[^\s<>"']+|[a-z0-9][\w.+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi;
const AFTER = /[.,;:!?)\]}'"»]+$/;
const LONG = 1200;

/** Return `text` as nodes, with links for http(s) addresses and mailboxes; everything else stays text. */
export function linked(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(LINK)) {
    const address = trimmed(found[0]);
    if (found.index > at) nodes.push(text.slice(at, found.index));
    nodes.push(link(address));
    at = found.index + address.length;
  }
  if (at < text.length) nodes.push(text.slice(at));
  return nodes;
}

/** Return an address without the sentence's own full stop or bracket. */
function trimmed(found) {
  const bare = found.replace(AFTER, "");
  return found[bare.length] === ")" && bare.includes("(") ? bare + ")" : bare;
}

function link(address) {
  const web = /^https?:/i.test(address);
  return h("a", { href: web ? address : `mailto:${address}`, target: "_blank", rel: "noopener noreferrer nofollow", dir: "ltr" }, address);
}

/** Return a text as an element that keeps line breaks and its own direction; a very long one opens with a click. */
export function written(text, name = "said") {
  const node = h(`div.${name}`, { dir: "auto" });
  if (text.length <= LONG * 1.25) { node.append(...linked(text)); return node; }
  const more = h("button.text-button", { type: "button", onclick: () => node.replaceChildren(...linked(text)) },
    `Show all (${text.length.toLocaleString()} characters)`);
  node.append(...linked(text.slice(0, LONG)), "… ", more);
  return node;
}
