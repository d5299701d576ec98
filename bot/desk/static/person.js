// Dialogs about one person at the desk: adding, and changing what they are called and may do.

import { api } from "./api.js";
import { confirmed, h, toast } from "./dom.js";
import { choice, field, formDialog } from "./form.js";
import { showOnce } from "./once.js";
import { held } from "./person-moves.js";

export const ROLES = [
  ["agent", "Agent: answers customers"],
  ["supervisor", "Supervisor: also teams, canned replies, hours, audit log"],
  ["trainer", "Trainer: reads, and corrects the assistant"],
  ["admin", "Administrator: everything, people too"],
];

async function teams(present = "") {
  const { teams: found } = await api.get("/teams");
  const names = new Set([...found.map((one) => one.name), ...(present ? [present] : [])]);
  return [["", "No team"], ...[...names].map((name) => [name, name])];
}

async function teamField(present) {
  const options = await teams(present).catch(() => [["", "No team"], ...(present ? [[present, present]] : [])]);
  return field("team", "Team", choice(options, present));
}

const nameField = (value = "") => field("name", "Name", h("input", { required: true, maxLength: 100, value, autocomplete: "off", autofocus: true }), { hint: "Customers see it." });

/** Add somebody, and show the password that was made. Resolves to whether it was done. */
export async function addPerson() {
  const made = await formDialog({
    title: "Add a person",
    yes: "Add",
    fields: [
      nameField(),
      field("email", "E-mail", h("input", { type: "email", required: true, maxLength: 255, autocomplete: "off", spellcheck: false }), { hint: "They sign in with it." }),
      field("role", "Role", choice(ROLES, "agent")),
      await teamField(""),
    ],
    save: (values) => api.post("/agents", values),
  });
  if (!made) return false;
  await showOnce({
    title: `${made.agent.name} can sign in`,
    text: "Give this password to them by a way that you trust. It is shown this once; they can change it in their profile.",
    lines: [["E-mail", made.agent.email], ["Password", made.password]],
  });
  return true;
}

/** Change name, role and team of somebody. Resolves to whether it was done. */
export async function editPerson(one) {
  const done = await formDialog({
    title: `Edit ${one.name}`,
    fields: [nameField(one.name), field("role", "Role", choice(ROLES, one.role)), await teamField(one.team)],
    intro: h("p.quiet", { dir: "auto" }, one.email),
    save: async (values) => {
      if (values.role === "trainer" && one.role !== "trainer" && !(await agreed(one))) return null;
      return api.patch(`/agents/${one.id}`, values);
    },
  });
  if (done) toast(`${done.name} is saved.`);
  return Boolean(done);
}

async function agreed(one) {
  const { count, words } = await held(one);
  return !count || confirmed(`Make ${one.name} a trainer?`, `Trainers do not answer customers. ${words}`, { yes: "Make a trainer" });
}
