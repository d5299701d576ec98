// Whether I take work: the switch, what each state means, and keeping it true. The live connection's pings keep it
// alive; when the page closes, it lapses by itself.

import { fill, h, toast } from "./dom.js";
import { command } from "./keys.js";
import { emit, live, may, on, setAvailability, state } from "./store.js";

export const STATES = {
  online: { title: "Online", text: "You take conversations. Alerts ring when somebody waits." },
  away: { title: "Away", text: "Nothing new is passed to you, and nothing rings. Customers of yours who get no answer go back to the queue." },
  offline: { title: "Offline", text: "You do not count as being here, and nothing rings." },
};
const TOO_LONG = 10 * 60_000; // milliseconds without a connection after which nobody is taken to be still there

let lastThere = 0;

/** State my own presence; says so when it could not be done. */
export async function take(wanted) {
  try {
    await setAvailability(wanted);
    lastThere = Date.now();
  } catch (error) {
    toast(error.offline ? "The server cannot be reached, so you are still " + STATES[state.me.state].title.toLowerCase() + "." : error.message, { kind: "error" });
    emit("me", state.me);
  }
}

/** After a gap the server may have forgotten that I am here: say it again, unless I was gone for long. */
function comeBack(presence) {
  const { me } = state;
  if (!me || !may("answer") || me.id in presence || me.state === "offline") { lastThere = Date.now(); return; }
  if (lastThere && Date.now() - lastThere < TOO_LONG) { take(me.state); return; }
  me.state = "offline";
  emit("me", me);
}
on("presence", comeBack);
live.addEventListener("pong", () => (lastThere = Date.now()));

for (const [id, { title }] of Object.entries(STATES)) {
  command({ id: `availability-${id}`, title: `Go ${title.toLowerCase()}`, group: "Me", keys: { online: "g o", away: "g z" }[id] ?? "", when: () => Boolean(state.me) && may("answer") && state.me.state !== id, run: () => take(id), words: "availability presence status" });
}

let number = 0;

class Availability extends HTMLElement {
  #end = null;

  connectedCallback() {
    const name = `availability-${++number}`;
    this.inputs = Object.fromEntries(Object.keys(STATES).map((id) => [id, h("input", { type: "radio", name, value: id, onchange: () => take(id) })]));
    this.about = h("p.quiet");
    fill(this, h("fieldset", h("legend.sr", "Availability"), Object.entries(STATES).map(([id, { title }]) => h("label", { title: STATES[id].text }, this.inputs[id], h("span", h("i", { dataset: { state: id } }), title)))), this.about);
    this.#end = on("me", () => this.#draw());
    this.#draw();
  }

  disconnectedCallback() { this.#end?.(); }

  #draw() {
    if (!state.me) return;
    this.inputs[state.me.state].checked = true;
    this.about.textContent = STATES[state.me.state].text;
  }
}

customElements.define("desk-availability", Availability);
