// What can be done with a conversation as a whole: claim, take over, pass on, give back, resolve. Each move asks what
// it needs, and who was slower is told who has it now.

import { api } from "./api.js";
import { confirmed, dialog, fill, h, icon, toast } from "./dom.js";
import { initials, tone } from "./format.js";
import { notMine } from "./outbox.js";
import { loadAgents, may, state } from "./store.js";

/** What there is to do: its name, key, icon, and whether it can be done now. */
export const MOVES = {
  claim: { label: (d) => (d.owner === "bot" ? "Take over" : d.owner === "nobody" ? "Open again" : "Claim"), title: "Claim, or take over from the assistant", key: "c", shape: "mine", when: (d) => may("answer") && d.owner !== "agent" },
  take: { label: () => "Take over", title: "Take over from another agent", key: "shift+t", shape: "mine", when: (d) => may("supervise") && may("answer") && d.owner === "agent" && !owned(d) },
  transfer: { label: () => "Pass on", title: "Pass on to an agent or a team", key: "t", shape: "transfer", when: (d) => owned(d) },
  release: { label: () => "Give back", title: "Give back to the assistant", key: "b", shape: "bot", when: (d) => owned(d) },
  resolve: { label: () => "Resolve", title: "Resolve", key: "e", shape: "done", when: (d) => may("answer") && (owned(d) || d.owner === "queue" || d.owner === "bot" || (d.owner === "agent" && may("supervise"))) },
};
const owned = (d) => d.owner === "agent" && d.assignee === state.me?.id;

export class Moves {
  #thread;
  #busy = false;

  /** `begun(name)` is called when a move is on its way, `moved(name, detail)` after it. */
  constructor(thread, { begun, moved }) {
    this.#thread = thread;
    Object.assign(this, { begun, moved });
  }

  can(name) { return Boolean(this.#thread.detail && MOVES[name]?.when(this.#thread.detail)); }

  /** Ask what has to be asked, then do it; `given` may say `to` whom to pass on. */
  async run(name, given) {
    if (!this.can(name) || this.#busy) return;
    this.#busy = true;
    try { await ASK[name](this.#thread.detail, (word, body) => this.#do(name, word, body), given); } finally { this.#busy = false; }
  }

  /** Mark a message that the customer left, or another task, as done. */
  closeTask() { return askNote({ title: "Mark as done", text: "The task leaves the list of work. Nothing is sent to the customer.", yes: "Mark as done" }).then((body) => body && this.#do("task", "task/close", body)); }

  async #do(name, word, body) {
    this.#thread.claiming = word === "claim";
    this.begun(name);
    try {
      const detail = await api.post(`/conversations/${this.#thread.id}/${word}`, body);
      this.#thread.claiming = false;
      if (detail?.owner) this.#thread.take(detail); else this.#thread.loadDetail();
      await this.#thread.catchUp();
      this.moved(name, this.#thread.detail);
      return true;
    } catch (error) {
      this.#thread.claiming = false;
      toast(error.status === 409 ? `Too late. ${notMine(error)}` : error.message, { kind: "error" });
      await Promise.all([this.#thread.loadDetail(), this.#thread.catchUp()]);
      return false;
    }
  }
}

const ASK = {
  claim: async (d, go) => {
    const sure = d.owner !== "bot" || await confirmed("Take over from the assistant?", "The assistant is answering at this moment. It stops at once, what it was about to say is dropped, and the customer is told that you have joined.", { yes: "Take over" });
    return sure && go("claim", {});
  },
  take: async (d, go) => {
    const sure = await confirmed(`Take over from ${d.assignee_name || "the agent"}?`, `${d.assignee_name || "The agent"} can no longer reply here and is told so. The customer is told that you have joined.`, { yes: "Take over" });
    return sure && go("claim", { take: true });
  },
  transfer: async (d, go, given) => { const body = await askTransfer(given?.to); return body && go("transfer", body); },
  release: async (d, go) => {
    const body = await askNote({ title: "Give back to the assistant", text: "The assistant answers again and does not see what you two wrote. The customer is told.", yes: "Give back" });
    return body && go("release", body);
  },
  resolve: async (d, go) => { const body = await askResolve(d); return body && go("resolve", body); },
};

const noteField = (hint, first = true) => h("label.field", h("span", "Note for agents"), h("textarea", { name: "note", autofocus: first, rows: 3, maxLength: 4000, placeholder: hint, dir: "auto", onkeydown: sendsForm }));
const sendsForm = (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); event.target.form.requestSubmit(); } };

function form(close, values, yes, ...parts) {
  return h("form.dialog-body", { onsubmit: (event) => { event.preventDefault(); const answer = values(event.target); if (answer) close(answer); } }, ...parts,
    h("div.dialog-actions", h("button.button", { type: "button", onclick: () => close() }, "Cancel"), h("button.button.primary", { type: "submit" }, yes)));
}

const askNote = ({ title, text, yes }) => dialog({
  title, name: "small",
  build: (close) => form(close, (node) => ({ note: node.note.value }), yes, h("p", text), noteField("Optional: what the next person should know")),
});

const askResolve = (detail) => dialog({
  title: "Resolve", name: "small",
  build: (close) => form(close, (node) => ({ note: node.note.value, reopens_to: node.reopens.value }), "Resolve",
    h("p", detail.owner === "bot" ? "The conversation is closed." : "The conversation is closed, and the customer is told."),
    noteField("Optional: how it ended"),
    h("fieldset.radios", h("legend", "If the customer writes again"),
      radio("bot", "The assistant answers first", true), radio("queue", "It comes back to the queue", false))),
});
const radio = (value, label, checked) => h("label.radio", h("input", { type: "radio", name: "reopens", value, checked }), h("span", label));

// --- pass on

const AVAILABLE = { online: "Available", away: "Away", offline: "Offline" };

function targets() {
  const people = [...state.agents.values()].filter((one) => one.id !== state.me.id && one.role !== "trainer" && !one.disabled);
  const order = ["online", "away", "offline"];
  people.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name));
  const teams = [...new Set([...state.agents.values()].map((one) => one.team).filter(Boolean))].sort();
  return [
    ...people.map((one) => ({ id: one.id, body: { to_agent: one.id }, name: one.name, about: [AVAILABLE[one.state], one.team].filter(Boolean).join(" · "), state: one.state })),
    ...teams.map((name) => ({ id: `team-${name}`, body: { to_team: name }, name: `Team ${name}`, about: teamAbout(name), team: true })),
  ];
}

/** Return the place of who is chosen: `id` if they are there, the first that was searched for or can take it at once. */
function chosen(list, id, wanted = "") {
  const at = list.findIndex((one) => one.id === id);
  return at >= 0 ? at : list.length && (wanted || list[0].state === "online") ? 0 : -1;
}

function teamAbout(name) {
  const there = [...state.agents.values()].filter((one) => one.team === name);
  return `Queue of the team · ${there.filter((one) => one.state === "online").length} of ${there.length} available`;
}

function askTransfer(to = "") {
  let all = targets(), found = all, at = chosen(all, to);
  const list = h("ul.targets", { id: "targets", role: "listbox", "aria-label": "Agents and teams" });
  const warning = h("p.quiet", { role: "status" });
  const search = h("input", { type: "text", role: "combobox", placeholder: "Search agents and teams", "aria-label": "Search agents and teams", "aria-controls": "targets", "aria-expanded": "true", autofocus: true, autocomplete: "off", spellcheck: false });
  const show = () => {
    fill(list, found.map((one, i) => target(one, i === at, () => { at = i; show(); })));
    search.setAttribute("aria-activedescendant", found[at] ? `target-${found[at].id}` : "");
    list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    const to = found[at];
    warning.textContent = !all.length ? "There is nobody else yet." : !found.length ? "Nobody fits." : !to ? "Nobody is available now. Whom you choose gets it by way of the queue." : to.state && to.state !== "online" ? `${to.name} is not available now: it goes to the queue, ahead of those who wait for the first time.` : "";
  };
  const look = (keep = "") => {
    const wanted = search.value.trim().toLowerCase();
    found = all.filter((one) => `${one.name} ${one.about}`.toLowerCase().includes(wanted));
    at = chosen(found, keep, wanted);
    show();
  };
  search.addEventListener("input", () => look());
  search.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && found.length) { event.preventDefault(); at = Math.max(0, Math.min(found.length - 1, at + by)); show(); }
  });
  show();
  loadAgents().then(() => { all = targets(); look(found[at]?.id); }, () => {}); // who is there now
  return dialog({
    title: "Pass on", name: "small",
    build: (close) => form(close, (node) => found[at] && { ...found[at].body, note: node.note.value }, "Pass on", search, list, warning, noteField("What has been done, and what is asked of them", false)),
  });
}

const target = (one, chosen, onclick) => h("li.target", { id: `target-${one.id}`, role: "option", "aria-selected": String(chosen), onclick },
  one.team ? h("span.face", icon("people")) : h("span.face", { dataset: { tone: tone(one.name), state: one.state } }, initials(one.name)),
  h("span.target-about", h("strong", { dir: "auto" }, one.name), h("span.quiet", one.about)));
