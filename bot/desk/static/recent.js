// The conversations that were opened last, newest first; kept until the page is closed.

import { seen } from "./listing.js";
import { on, route } from "./store.js";
import { viewOf } from "./views.js";

const MOST = 8;
let opened = [];

const note = ({ view, id }) => { if (id && viewOf(view)) opened = [id, ...opened.filter((one) => one !== id)].slice(0, MOST + 1); };
on("route", note);
on("me", (me) => { if (me) note(route()); else opened = []; });

/** Return their ids, without the one that is open. */
export const recent = () => opened.filter((id) => id !== route().id && seen.has(id)).slice(0, MOST);
