// A message that is not with the server yet, as the last row of the transcript: it can be taken back, or put right.

import { h, icon } from "./dom.js";
import { outbox } from "./outbox.js";
import { written } from "./text.js";

const button = (label, onclick) => h("button.text-button", { type: "button", onclick }, label);

/** Return the row of an item of the outbox; `act.edit(item)` gets what was taken back. */
export function pendingRow(item, act) {
  const edit = () => { const back = outbox.undo(item.client_id); if (back) act.edit(back); };
  return h(`li.row.start.pending.${item.kind === "note" ? "note" : "me"}.${item.state}`, { tabIndex: -1, dataset: { client: item.client_id } },
    h("div.row-body",
      h("div.by", h("span.by-name", item.kind === "note" ? "Your note" : "You")),
      h("div.bubble", item.files.length > 0 && h("div.files", item.files.map((file) => h("span.file", icon("file"), h("span.file-name", file.name || file.kind)))), item.text && written(item.text)),
      h("div.under", standing(item, edit))));
}

function standing(item, edit) {
  if (item.state === "held") {
    const left = Math.max(0, item.due - Date.now());
    return h("span.held", h("span.fuse", { "aria-hidden": "true", style: { "--left": `${left}ms` } }), "Sending soon", button("Undo", edit));
  }
  if (item.state === "failed") {
    return h("span.delivery.failed", { role: "alert" }, icon("warn"), `Not sent. ${item.error}`, button("Edit", edit), button("Try again", () => outbox.retry(item.client_id)), button("Discard", () => outbox.undo(item.client_id)));
  }
  if (item.state === "waiting" && item.error) {
    return h("span.delivery.pending", icon("clock"), item.error === "offline" ? "Waiting for the connection" : `Not sent yet. ${item.error}`, button("Undo", edit));
  }
  return h("span.delivery.pending", icon("clock"), "Sending…");
}
