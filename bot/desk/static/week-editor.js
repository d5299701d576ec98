// A week of opening hours to be changed by hand: days with spans of time, a bar that shows each day, the time zone.

import { fill, h, icon, iconButton } from "./dom.js";
import { NAMES, stretch, total, wrong } from "./week.js";

const USUAL = ["09:00", "17:00"];
const zones = () => { try { return Intl.supportedValuesOf("timeZone"); } catch { return []; } };

/** Has `week` ({zone, days}, see week.js) as its value; fires `change`. */
class Week extends HTMLElement {
  #week = { zone: "UTC", days: NAMES.map(() => []) };

  get week() { return this.#week; }
  set week(value) {
    this.#week = structuredClone(value);
    this.#draw();
  }

  #draw() {
    const list = h("datalist", { id: "time-zones" }, zones().map((name) => h("option", { value: name })));
    const zone = h("input", { value: this.#week.zone, required: true, autocomplete: "off", spellcheck: false, id: "zone", oninput: () => { this.#week.zone = zone.value.trim(); this.#tell(); } });
    zone.setAttribute("list", "time-zones");
    this.rows = NAMES.map((_, day) => h("li.week-day"));
    this.sum = h("p.quiet", { role: "status" });
    fill(this, h("ul.days", { "aria-label": "Days" }, this.rows), h("div.week-foot",
      h("div.field", h("label", { htmlFor: "zone" }, "Time zone"), zone, list, h("small", "Summer time is taken care of.")), this.sum));
    for (let day = 0; day < 7; day++) this.#day(day);
    this.#sum();
  }

  #day(day) {
    const spans = this.#week.days[day];
    const open = spans.length > 0;
    const input = h("input.switch", { type: "checkbox", role: "switch", checked: open, "aria-label": `${NAMES[day]}, open`, onchange: () => this.#set(day, input.checked ? [[...USUAL]] : [], ".switch") });
    fill(this.rows[day], h("label.day-name", input, h("span", NAMES[day])),
      h("div.day-spans", open ? spans.map((span, at) => this.#span(day, at, span)) : h("span.quiet", "Closed"),
        h("small.field-error", { role: "alert" }, wrong(spans))),
      this.#bar(spans),
      h("div.day-tools", open && iconButton("plus", `Another time on ${NAMES[day]}`, () => this.#set(day, [...spans, next(spans)], ".span:last-of-type input")),
        open && iconButton("copy", `Use ${NAMES[day]}'s times from Monday to Friday`, () => this.#everyDay(day))));
  }

  #span(day, at, [opens, closes]) {
    const time = (which, value, label) => {
      const input = h("input", { type: "time", value, required: true, "aria-label": `${NAMES[day]}, ${label}`, onchange: () => this.#time(day, at, which, input.value) });
      return input;
    };
    const late = closes && stretch([opens, closes])[1] > 1440;
    return h("span.span", time(0, opens, "opens"), h("span", { "aria-hidden": "true" }, "–"), time(1, closes, "closes"), late && h("small.quiet", "next day"),
      this.#week.days[day].length > 1 && iconButton("close", `Remove ${opens} to ${closes} on ${NAMES[day]}`, () => this.#set(day, this.#week.days[day].filter((_, i) => i !== at), "input[type=time]")));
  }

  #bar(spans) {
    const parts = spans.filter(([opens, closes]) => opens && closes).map(stretch);
    return h("span.day-bar", { "aria-hidden": "true" }, parts.map(([from, to]) => h("i", { style: { "--from": `${from / 14.4}%`, "--to": `${Math.min(to, 1440) / 14.4}%` } })));
  }

  /** Take a time without drawing anew what has the focus. */
  #time(day, at, which, value) {
    this.#week.days[day][at][which] = value;
    const row = this.rows[day];
    row.querySelector(".field-error").textContent = wrong(this.#week.days[day]);
    row.querySelector(".day-bar").replaceWith(this.#bar(this.#week.days[day]));
    this.#tell();
  }

  #set(day, spans, focus) {
    this.#week.days[day] = spans;
    this.#day(day);
    this.rows[day].querySelector(focus)?.focus();
    this.#tell();
  }

  #everyDay(from) {
    for (let day = 0; day < 5; day++) if (day !== from) { this.#week.days[day] = structuredClone(this.#week.days[from]); this.#day(day); }
    this.#tell();
  }

  #tell() {
    this.#sum();
    this.dispatchEvent(new Event("change"));
  }

  #sum() {
    const hours = Math.round(total(this.#week.days) / 6) / 10;
    this.sum.textContent = Number.isFinite(hours) && hours ? `${hours} hours a week` : "";
  }
}

/** Return a span that follows the last one of a day. */
function next(spans) {
  const [, end] = stretch(spans.at(-1));
  const at = Math.min(end + 60, 22 * 60);
  const said = (minute) => `${String(Math.floor(minute / 60) % 24).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  return [said(at), said(Math.min(at + 120, 1440))];
}

customElements.define("desk-week", Week);
