// The first thing an agent sees: e-mail, password, and a code when the account has a second factor.

import { fill, h, icon } from "./dom.js";
import { signIn, state } from "./store.js";

class SignIn extends HTMLElement {
  connectedCallback() {
    this.email = h("input", { type: "email", name: "email", autocomplete: "username", required: true, spellcheck: false, value: state.ended });
    this.password = h("input", { type: "password", name: "password", autocomplete: "current-password", required: true });
    this.code = h("input", { name: "code", autocomplete: "one-time-code", inputMode: "text", maxLength: 40, spellcheck: false });
    this.second = h("label.field", { hidden: true }, h("span", "Code"), this.code,
      h("small", "From your authenticator app, or one of your recovery codes."));
    this.error = h("p.form-error", { role: "alert" });
    this.button = h("button.button.primary.wide", { type: "submit" }, "Sign in");
    fill(this, h("main.sign-in",
      h("form.card", { onsubmit: (event) => { event.preventDefault(); this.submit(); } },
        h("div.brand", icon("chat"), h("span", "Baton")),
        h("h1", "Sign in to the desk"),
        state.ended && h("p.ended", { role: "status" }, "Your session has ended. Sign in again to go on where you were; your drafts are kept."),
        h("label.field", h("span", "E-mail"), this.email),
        h("label.field", h("span", "Password"), this.password),
        this.second, this.error, this.button,
        h("p.quiet", "No account, or the password is lost? Ask your administrator."))));
    (state.ended ? this.password : this.email).focus();
  }

  async submit() {
    this.error.textContent = "";
    this.button.disabled = true;
    try {
      await signIn(this.email.value.trim(), this.password.value, this.second.hidden ? "" : this.code.value.trim());
    } catch (error) {
      if (error.code === "totp_required") {
        this.second.hidden = false;
        this.code.required = true;
        this.code.focus();
      } else {
        this.error.textContent = error.message;
        (this.second.hidden ? this.password : this.code).select();
      }
    } finally {
      this.button.disabled = false;
    }
  }
}

customElements.define("desk-sign-in", SignIn);
