// The project's customer intents with titles for people, read once.

import { api } from "./api.js";
import { sentence } from "./format.js";

const titles = new Map([["nlu_fallback", "Nothing clear enough"], ["out_of_scope", "Something else"]]);
let reading = null;

/** Return the intents: [{name, title, examples}]. Raises ApiError. */
export function intents() {
  reading ??= api.get("/intents").then(({ intents: all }) => {
    for (const one of all) titles.set(one.name, one.title);
    return all;
  });
  reading.catch(() => (reading = null));
  return reading;
}

/** Return the title of an intent as far as titles have been read. */
export const intentTitle = (name) => titles.get(name) ?? sentence(name);
