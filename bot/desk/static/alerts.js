// Tells me that somebody waits, by sound, in the title and by the browser, again and again until the conversation is
// taken; and, more softly, that one of my own customers wrote or that a conversation was passed to me. Never while I am not online, and never for what I am
// looking at.

import { calm } from "./calm.js";
import { announce, toast } from "./dom.js";
import { customerName, reasonName, waited } from "./format.js";
import { readPage } from "./listing.js";
import { audible, play } from "./sound.js";
import { emit, go, on, prefs, route, setPref, state } from "./store.js";

const AGAIN = [20_000, 20_000, 40_000, 60_000]; // milliseconds between reminders; the last one goes on
const BLINK = 1200;
const LOCK = "baton-desk-alerts"; // of several tabs only one rings

let waiting = []; // conversations in the queue but those that I look at
let known = new Set(); // the waits that I was told of
let wrote = new Map(); // my conversations with something new -> how much of it
let held = new Set(); // all my conversations
let given = new Set(); // those that came to me and that I have not looked at yet
let tries = 0, reminder = 0, blink = 0, first = true, mayRing = true;

const takesWork = () => state.me?.state === "online";
const looksAt = (id) => !document.hidden && document.hasFocus() && route().id === id;
/** Return what a tab must know to see that one and the same wait has begun anew. */
const keyOf = (row) => `${row.id} ${row.waiting_since}`;

/** Begin; returns what ends it. */
export function startAlerts() {
  const look = calm(watch);
  const ends = [
    on("hint", ({ kind }) => ["message", "owner", "read"].includes(kind) && look()), on("resync", look), on("work", look),
    on("me", (me) => { if (me) { title(); look(); } }), on("counts", title), on("route", () => { title(); look(); }),
  ];
  const seen = () => { title(); if (!document.hidden) { ring.lead(); look(); } };
  document.addEventListener("visibilitychange", seen);
  for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => emit("alerts"), { once: true });
  ring.lead();
  blink = setInterval(title, BLINK);
  return () => {
    for (const end of ends) end();
    look.cancel();
    document.removeEventListener("visibilitychange", seen);
    still();
    clearInterval(blink);
    ring.leave();
    waiting = []; known = new Set(); wrote = new Map(); held = new Set(); given = new Set(); first = true;
    document.title = "Baton desk";
  };
}

/** The tab that was seen last rings for all tabs of this browser. */
const ring = {
  leave: () => {},
  lead() {
    if (!navigator.locks) return;
    navigator.locks.request(LOCK, { steal: true }, () => { mayRing = true; return new Promise((done) => (ring.leave = done)); }).catch(() => (mayRing = false));
  },
};

async function watch() {
  try {
    const [queue, mine] = await Promise.all([readPage({ owner: "queue", limit: 50 }), readPage({ owner: "mine", limit: 50 })]);
    queued(queue.conversations);
    answered(mine.conversations);
  } catch { /* the connection's line on top says it */ }
  first = false;
  title();
}

function queued(rows) {
  waiting = rows.filter((row) => !looksAt(row.id));
  const fresh = waiting.filter((row) => !known.has(keyOf(row)));
  known = new Set(rows.map(keyOf));
  if (!waiting.length || !takesWork()) { still(); return; }
  if (fresh.length) { tries = 0; alarm(fresh[0], fresh.length); } else if (!reminder) remind();
}

function still() {
  clearTimeout(reminder);
  reminder = 0;
  tries = 0;
  emit("alerts");
}

function alarm(row, more = 1) {
  const name = customerName(row);
  if (mayRing && prefs.sound) play("waiting");
  announce(more > 1 ? `${more} customers are waiting.` : `${name} is waiting.`);
  notify(`${name} is waiting`, [row.reason && reasonName(row.reason), row.waiting_since && `for ${waited(row.waiting_since)}`].filter(Boolean).join(", "), "queue", row.id);
  emit("alerts");
  remind();
}

function remind() {
  clearTimeout(reminder);
  reminder = setTimeout(() => {
    reminder = 0;
    const left = waiting.filter((row) => !looksAt(row.id));
    if (takesWork() && left.length) alarm(left[0], left.length);
  }, AGAIN[Math.min(tries++, AGAIN.length - 1)]);
}

function answered(rows) {
  const before = wrote, had = held;
  const unseen = rows.filter((row) => !looksAt(row.id));
  held = new Set(rows.map((row) => row.id));
  given = new Set(unseen.map((row) => row.id).filter((id) => given.has(id) || (!first && !had.has(id))));
  const news = (row) => row.unread + Number(given.has(row.id));
  wrote = new Map(unseen.filter(news).map((row) => [row.id, news(row)]));
  const fresh = unseen.find((row) => (wrote.get(row.id) ?? 0) > (before.get(row.id) ?? 0));
  if (!fresh || first || !takesWork()) return;
  const name = customerName(fresh), passed = !had.has(fresh.id);
  if (mayRing && prefs.sound) play("message");
  if (passed) toast(`${name} was passed to you.`, { ms: 20_000, action: { label: "Open", run: () => go("mine", fresh.id) } });
  else announce(`${name} wrote.`);
  notify(name, passed ? "was passed to you" : "wrote to you", "mine", fresh.id);
}

/** The title says how many wait, and changes while the page is out of sight. */
function title() {
  const rings = takesWork() && waiting.length > 0;
  const count = takesWork() ? waiting.length + wrote.size : 0;
  const usual = `${count ? `(${count}) ` : ""}Baton desk`;
  const call = waiting.length === 1 ? `${customerName(waiting[0])} is waiting` : `${waiting.length} are waiting`;
  document.title = rings && Math.floor(Date.now() / BLINK) % 2 ? `● ${call}` : usual;
}

// --- the browser's own notifications: asked for when somebody waits, not before

const supported = () => "Notification" in window;
export const permission = () => (supported() ? Notification.permission : "denied");
export const canAsk = () => takesWork() && waiting.length > 0 && permission() === "default" && !prefs.asked;
export const soundBlocked = () => takesWork() && prefs.sound && waiting.length > 0 && !audible();

/** Ask for the right to notify; resolves to whether we have it now. */
export async function askPermission() {
  const answer = supported() ? await Notification.requestPermission() : "denied";
  setPref("asked", true);
  setPref("notify", answer === "granted");
  return answer === "granted";
}

function notify(head, body, view, id) {
  if (!mayRing || !prefs.notify || permission() !== "granted" || (!document.hidden && document.hasFocus())) return;
  try {
    const note = new Notification(head, { body, tag: `baton-${view}`, renotify: true, silent: true, icon: new URL("icon.svg", import.meta.url).href });
    note.onclick = () => { focus(); go(view, id); note.close(); };
  } catch { /* phones want a service worker for it; sound and title remain */ }
}
