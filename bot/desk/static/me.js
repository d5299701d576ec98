// My profile: what I am called, how I sign in, and where I am signed in.

import { api } from "./api.js";
import { fill, h, iconButton, icon, toast, confirmed } from "./dom.js";
import { discard, field, form } from "./form.js";
import { initials, sentence, tone } from "./format.js";
import "./sign-ins.js";
import { beforeLeaving, emit, go, loadAgents, state } from "./store.js";
import { codesOff, codesOn } from "./totp.js";

class Me extends HTMLElement {
  #forms = [];
  #free = null;

  connectedCallback() {
    const { me } = state;
    this.face = h("span.face.large", { dataset: { tone: tone(me.name) }, "aria-hidden": "true" }, initials(me.name));
    this.codes = h("section.block", { "aria-labelledby": "me-codes" });
    fill(this, h("div.page.narrow",
      h("header.page-head", iconButton("back", "Back to the conversations", () => go("queue"), { name: "only-phone" }), this.face,
        h("div", h("h1", "Your profile"), h("p", { dir: "auto" }, [me.email, sentence(me.role), me.team].filter(Boolean).join(", ")))),
      this.#name(), this.#password(), this.codes, this.#signIns()));
    this.#codes();
    this.addEventListener("input", () => this.#guard());
  }

  disconnectedCallback() { this.#free?.(); }

  #guard() {
    this.#free?.();
    this.#free = this.#forms.some((one) => one.dirty()) ? beforeLeaving(discard) : null;
  }

  #block(id, title, text, made) {
    this.#forms.push(made);
    return h("section.block", { "aria-labelledby": id }, h("div.block-head", h("h2", { id }, title), h("p", text)), made.node);
  }

  #name() {
    const input = h("input", { required: true, maxLength: 100, value: state.me.name, autocomplete: "name" });
    const made = form({
      fields: [field("name", "Name", input)],
      yes: "Save the name",
      save: async (values) => {
        const { agent } = await api.put("/me", values);
        state.me.name = input.value = agent.name;
        this.face.textContent = initials(agent.name);
        made.settle();
        this.#guard();
        emit("me", state.me);
        loadAgents().catch(() => null);
        toast("Your name is saved.");
      },
    });
    return this.#block("me-name", "Name", "Customers and colleagues see it.", made);
  }

  #password() {
    const secret = (autocomplete) => h("input", { type: "password", required: true, maxLength: 256, autocomplete });
    const fields = [field("old", "Present password", secret("current-password")), field("new", "New password", secret("new-password"), { hint: "At least 12 characters. A few words that only you would put together are best." })];
    const made = form({
      fields,
      yes: "Change the password",
      save: async (values) => {
        try { await api.put("/me/password", values); } catch (error) {
          if (error.code === "wrong_password") error.fields.field = "old";
          throw error;
        }
        for (const one of fields) one.input.value = "";
        made.settle();
        this.#guard();
        this.list.load();
        toast("Your password is changed. You are signed out everywhere else.");
      },
    });
    return this.#block("me-password", "Password", "Changing it signs you out everywhere else.", made);
  }

  #codes() {
    const on = Boolean(state.me.totp);
    const button = h(`button.button${on ? "" : ".primary"}`, { type: "button", onclick: () => this.#turn(on) }, on ? "Turn codes off" : "Turn codes on");
    fill(this.codes, h("div.block-head", h("h2", { id: "me-codes" }, "One-time codes"), h("p", "A code from your phone, beside the password. A stolen password alone then opens nothing.")),
      h("div.block-line", h(`span.tag${on ? ".good" : ".warn"}`, icon(on ? "shield" : "key"), on ? "On" : "Off"), h("p", on ? "You sign in with your password and a code." : "Your password alone is enough to sign in."), button));
  }

  async #turn(on) {
    if (!(await (on ? codesOff() : codesOn()))) return;
    state.me.totp = !on;
    this.#codes();
    this.codes.querySelector("button").focus();
  }

  #signIns() {
    this.list = h("desk-sign-ins");
    const all = h("button.button", { type: "button", hidden: true, onclick: () => this.#endOthers() }, icon("out"), "Sign out everywhere else");
    this.list.addEventListener("loaded", ({ detail }) => {
      this.others = detail.filter((one) => !one.current && one.kind === "browser");
      all.hidden = !this.others.length;
    });
    return h("section.block", { "aria-labelledby": "me-sign-ins" }, h("div.block-head", h("h2", { id: "me-sign-ins" }, "Sign-ins and tokens"), h("p", "End what you do not know, and change your password then.")), this.list, h("div.dialog-actions", all));
  }

  async #endOthers() {
    const n = this.others.length;
    if (!(await confirmed("Sign out everywhere else?", `${n === 1 ? "One other browser is" : `${n} other browsers are`} signed out at once. Tokens of programs stay.`, { yes: "Sign out", danger: true }))) return;
    const ended = await Promise.allSettled(this.others.map((one) => api.delete(`/sessions/${one.id}`)));
    if (ended.some(({ status, reason }) => status === "rejected" && reason.status !== 404)) toast("Not everything could be signed out. Try again.", { kind: "error" });
    this.list.load();
  }
}

customElements.define("desk-me", Me);
