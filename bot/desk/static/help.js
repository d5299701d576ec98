// The sheet of keys, made of the commands themselves.

import { dialog, h } from "./dom.js";
import { available, readable } from "./keys.js";

const ORDER = ["General", "Go to", "Lists", "Conversation", "Me", "Administration"];

/** Return commands that have keys, by group. */
function groups() {
  const found = new Map(ORDER.map((name) => [name, []]));
  for (const one of available({ all: true })) {
    if (!one.keys) continue;
    if (!found.has(one.group)) found.set(one.group, []);
    found.get(one.group).push(one);
  }
  return [...found].filter(([, all]) => all.length);
}

export const help = () => dialog({
  title: "Keys and help",
  name: "help",
  build: () => h("div.dialog-body",
    h("p.quiet", "Everything can be done with the keyboard. ", h("kbd", readable("mod+k")), " opens a list of all that can be done now. In a list the arrows move, and ", h("kbd", readable("enter")), " opens."),
    h("div.help-groups", groups().map(([name, all]) => h("section", h("h3", name), h("dl", all.map((one) => h("div", h("dt", one.title), h("dd", keysOf(one.keys)))))))),
    h("p.quiet", "Colours: ", h("span.tag.bot", "the assistant"), " ", h("span.tag.good", "agents"), " ", h("span.tag", "customers"), " ", h("span.tag.warn", "notes and what is due"), " ", h("span.tag.danger", "urgent or failed"))),
});

const keysOf = (keys) => keys.split(" ").flatMap((part, i) => [i > 0 && h("span.quiet", " then "), h("kbd", readable(part))]);
