// What the assistant understood of a message: the likeliest intents with their confidence, and what it found in the text.

import { h } from "./dom.js";
import { intentTitle } from "./intents.js";
import { words } from "./format.js";

const percent = (confidence) => `${Math.round(confidence * 100)}%`;

/** Return one intent as a line with a bar. */
const line = ({ name, confidence }) => h("li.intent", { style: { "--share": percent(confidence) } },
  h("span.intent-name", { title: name }, intentTitle(name)), h("span.intent-share", percent(confidence)));

/** Return the intents as bars, the likeliest first, at most `most`. */
export const bars = (intents, most = 3) => h("ol.intents", { "aria-label": "Understood as" }, ...intents.slice(0, most).map(line));

/** Return "order number 4521, email a@b.c" of entities as a list or as an object. */
export function found(entities) {
  const pairs = Array.isArray(entities) ? entities.map((one) => [one.name, one.value]) : Object.entries(entities ?? {});
  return pairs.map(([name, value]) => `${words(name)} ${value}`).join(", ");
}

/** Return all of it for one message. */
export function understood(nlu) {
  const what = found(nlu.entities);
  return h("div.understood",
    nlu.intents?.length ? bars(nlu.intents, 5) : h("p.quiet", "Nothing was recognised."),
    what && h("p.quiet", { dir: "auto" }, `Found: ${what}`));
}
