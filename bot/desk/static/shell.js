// The frame around everything: the rail with the views, and the place where the chosen one is shown.

import { fill, h } from "./dom.js";
import { signOut, state } from "./store.js";

class Shell extends HTMLElement {
  connectedCallback() {
    fill(this, h("header.top", h("strong", "Baton"), h("span", state.me.name),
      h("button.button", { type: "button", onclick: signOut }, "Sign out")));
  }
}

customElements.define("desk-shell", Shell);
