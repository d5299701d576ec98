// Starts the page: who is there decides what is shown.

import "./admin.js";
import "./me.js";
import "./signin.js";
import "./shell.js";
import { fill, h } from "./dom.js";
import { on, prefs, recognise, state } from "./store.js";

class App extends HTMLElement {
  async connectedCallback() {
    this.#theme();
    on("prefs", () => this.#theme());
    on("me", () => this.#show());
    await this.#begin();
  }

  async #begin() {
    try {
      if (!(await recognise())) this.#show();
    } catch (error) {
      fill(this, h("main.sign-in", h("div.card", h("h1", "The desk cannot be reached"), h("p", error.message),
        h("button.button.primary", { type: "button", onclick: () => this.#begin() }, "Try again"))));
      setTimeout(() => state.me || this.#begin(), 5000);
    }
  }

  #show() {
    const wanted = state.me ? "desk-shell" : "desk-sign-in";
    if (this.firstElementChild?.localName !== wanted) fill(this, document.createElement(wanted));
  }

  #theme() {
    document.documentElement.dataset.theme = prefs.theme;
  }
}

customElements.define("desk-app", App);
