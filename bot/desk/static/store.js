// What the page knows, shared by its views: who I am, who is there, the counts, my own settings. Views listen to
// topics; nothing here touches the screen. The server has the truth, and a hint only says that it is worth a look.

import { api, session, setCsrf } from "./api.js";
import { Live } from "./live.js";

export const live = new Live();

export const state = {
  me: null, // {id, email, name, role, team, state, may}
  agents: new Map(), // by id, with their presence in `state`
  counts: {},
  connection: "offline",
  ended: "", // the e-mail of who was here when the server ended the session
};

const topics = new EventTarget();

/**
 * Call `listener(detail)` whenever `topic` changed; returns what ends it. Topics: me, agents, presence, counts,
 * connection, hint, resync, prefs, route, alerts, viewers (a conversation), and work: something was done that changes lists.
 */
export function on(topic, listener) {
  const heard = (event) => listener(event.detail);
  topics.addEventListener(topic, heard);
  return () => topics.removeEventListener(topic, heard);
}
export const emit = (topic, detail) => topics.dispatchEvent(new CustomEvent(topic, { detail }));

// --- my own settings, in this browser

const PREFS = "baton-desk";
const DEFAULTS = { theme: "auto", sound: true, notify: true, undo: 5, enter: true, packet: true, asked: false };
export const prefs = { ...DEFAULTS, ...read(PREFS) };

export function setPref(name, value) {
  prefs[name] = value;
  keep(PREFS, prefs);
  emit("prefs", prefs);
}

/** Return what is kept in this browser under `key`, or null; a browser without storage keeps nothing. */
export function read(key) {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
}
export function keep(key, value) {
  try { value == null ? localStorage.removeItem(key) : localStorage.setItem(key, JSON.stringify(value)); } catch { /* full or forbidden */ }
}

// --- who I am

export const may = (permission) => state.me?.may?.includes(permission) ?? MAY[state.me?.role]?.includes(permission) ?? false;
const MAY = {
  agent: ["read", "answer"],
  supervisor: ["read", "answer", "supervise", "audit"],
  trainer: ["read", "train"],
  admin: ["read", "answer", "supervise", "train", "administer", "audit"],
};

/** Look whether there is a session; returns whether there is. Raises ApiError when the server cannot be reached. */
export async function recognise() {
  try {
    enter(await api.get("/me"));
    return true;
  } catch (error) {
    if (error.status === 401) return false;
    throw error;
  }
}

/** Sign in; raises ApiError with the codes not_signed_in, totp_required, totp_wrong, too_many_requests. */
export async function signIn(email, password, code) {
  await api.post("/session", code ? { email, password, code } : { email, password });
  enter(await api.get("/me"));
}

export async function signOut() {
  try {
    if (may("answer")) await api.put("/me/availability", { state: "offline" });
    live.stop();
    await api.delete("/session");
  } catch { /* it ends by itself */ }
  leave();
}

export async function setAvailability(wanted) {
  const answer = await api.put("/me/availability", { state: wanted });
  state.me.state = answer.state;
  emit("me", state.me);
}

function enter(me) {
  setCsrf(me.csrf);
  state.ended = "";
  state.me = { ...me.agent, state: me.state, totp: me.totp, may: me.may };
  emit("me", state.me);
  live.start();
}

function leave() {
  live.stop();
  state.me = null;
  state.agents.clear();
  state.counts = {};
  emit("me", null);
}

/** The server ended the session: what is on the screen goes, and who was here may sign in again and go on. */
function dismissed() {
  if (!state.me) return;
  state.ended = state.me.email;
  leave();
}
session.addEventListener("signed-out", dismissed);
live.addEventListener("signed-out", dismissed);

// --- who is there, and what waits

export async function loadAgents() {
  const { agents } = await api.get("/agents");
  state.agents = new Map(agents.map((agent) => [agent.id, agent]));
  emit("agents", state.agents);
}

export async function loadCounts() {
  state.counts = await api.get("/counts");
  emit("counts", state.counts);
}

live.addEventListener("state", ({ detail }) => {
  state.connection = detail;
  emit("connection", detail);
  // A socket that is refused does not say why: the session may have ended while there was no connection.
  if (detail === "offline" && state.me) api.get("/me").catch(() => null);
});
live.addEventListener("hint", ({ detail }) => emit("hint", detail));
live.addEventListener("resync", () => emit("resync"));
live.addEventListener("presence", ({ detail }) => {
  const changes = detail.all ?? { [detail.agent]: detail.state };
  if (detail.all) for (const agent of state.agents.values()) agent.state = "offline";
  for (const [id, there] of Object.entries(changes)) {
    if (state.agents.has(id)) state.agents.get(id).state = there;
    if (id === state.me?.id && there) { state.me.state = there; emit("me", state.me); }
  }
  if (detail.all) emit("presence", detail.all);
  emit("agents", state.agents);
});

// --- where we are: #/view/id, or #/view/id/seq for one entry of a conversation

export const route = () => {
  const [view = "", id = "", seq = ""] = location.hash.replace(/^#\/?/, "").split("/").map(readable);
  return { view: view || "queue", id, seq: Number(seq) || 0 };
};
const readable = (part) => { try { return decodeURIComponent(part); } catch { return ""; } };
export const path = (view, id = "", seq = 0) => `#/${view}${id ? "/" + encodeURIComponent(id) : ""}${id && seq ? "/" + seq : ""}`;
export const go = (view, id = "", seq = 0) => { location.hash = path(view, id, seq); };

let question = null, here = location.hash;

/** Have `ask()` resolve to whether one may go before another view is shown or the page is left; returns what ends it. */
export function beforeLeaving(ask) {
  question = ask;
  return () => { if (question === ask) question = null; };
}

addEventListener("hashchange", async () => {
  const wanted = location.hash;
  if (question && wanted !== here) {
    const ask = question;
    history.replaceState(null, "", here || "#");
    if (!(await ask())) return;
    if (question === ask) question = null;
    if (wanted !== location.hash) { location.hash = wanted; return; }
  }
  here = location.hash;
  emit("route", route());
});
addEventListener("beforeunload", (event) => { if (question) event.preventDefault(); });
