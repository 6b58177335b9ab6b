// What a resident fills in around a person: what is passed on, how to be called back, a code, whether it helped.

import { $, about, call, complain, data, element, label, picker, say, tab } from "./page.js";

const field = (key, input) => element("label", { class: "field" }, label("span", key), input);

// A form that does `work`; what was typed stays where that fails.
function sending(parts, key, work) {
  const submit = label("button", key, { type: "submit", class: "main" });
  const form = element("form", { class: "person", onsubmit: async (event) => {
    event.preventDefault();
    submit.disabled = true;
    say("");
    try { await work(form); } catch (error) { complain(error); submit.disabled = false; }
  } }, ...parts, submit);
  return form;
}

// Before anything is passed on: the resident sees the summary, and may change it or leave it out.
export function consent(offer, language, show, stay) {
  const summary = element("textarea", { rows: "3", maxlength: "1000", lang: language, dir: "auto" });
  summary.value = offer.summary;
  const name = element("input", { maxlength: "80", autocomplete: "off" });
  const whole = element("input", { type: "checkbox" });
  const form = sending([
    field("summary", summary), field("name", name), element("label", { class: "check" }, whole, label("span", "whole_chat")),
  ], "connect", async () => {
    const body = { summary: summary.value.trim() || null, name: name.value.trim() || null, whole_chat: whole.checked };
    const reply = await about("/handoff", "POST", body);
    for (const node of form.elements) node.disabled = true;
    show(reply);
  });
  form.append(label("button", "stay", { type: "button", onclick: () => { form.remove(); stay(); } }));
  return form;
}

function callback() {
  const contact = element("input", { maxlength: "200", required: true, autocomplete: "off" });
  const time = element("input", { maxlength: "200", required: true });
  const tongue = element("select", {}, ...Object.entries(data.names).map(([code, name]) =>
    element("option", { value: code, lang: code, selected: code === picker.value }, name)));
  const form = sending([
    label("p", "contact_kept", { class: "small" }), field("contact", contact), field("time", time), field("call_language", tongue),
  ], "call_me", async () => {
    await about("/callback", "POST", { contact: contact.value, time: time.value, language: tongue.value });
    form.replaceWith(label("p", "call_noted", { role: "status" }));
  });
  return form;
}

export const yesOrNo = (key, answered) => [
  label("p", key, { class: "small" }),
  label("button", "yes", { type: "button", onclick: () => answered(true) }),
  label("button", "no", { type: "button", onclick: () => answered(false) }),
];

function rate(helpful, box) {
  const thanks = () => box.replaceChildren(label("p", "rated", { role: "status" }));
  about("/rating", "POST", { helpful }).then(() => {
    box.replaceChildren(label("p", "why"), ...data.why[helpful ? "yes" : "no"].map((why) => label("button", `why_${why}`, {
      type: "button", onclick: () => about("/rating", "POST", { helpful, why }).then(thanks, complain) })));
  }, complain);
}

// The buttons that a reply invites to press.
export function invitations(forms, show) {
  const box = element("div", { class: "choices" });
  const button = (key, act) => box.append(label("button", key, { type: "button", onclick: (event) => Promise.resolve(act(event.currentTarget)).catch(complain) }));
  for (const form of forms) {
    if (form === "callback") button("call_me", (node) => { const opened = callback(); node.replaceWith(opened); opened.querySelector("input").focus(); });
    if (form === "code") button("get_code", async (node) => {
      const { code } = await about("/code");
      node.replaceWith(element("p", { role: "status" }, label("span", "your_code"), " ", element("strong", { class: "code" }, code), " ", label("span", "code_kept", { class: "small" })));
    });
    if (form === "withdraw") button("withdraw", async (node) => { show(await about("/handoff", "DELETE")); node.remove(); });
    if (form === "rate") box.append(...yesOrNo("helped", (yes) => rate(yes, box)));
  }
  return box;
}

// Who has the conversation, in the header.
export async function who() {
  const { owner, person } = await about("/handoff", "GET");
  const parts = owner === "waiting" ? [label("span", "waiting")]
    : person ? [label("span", "with_you"), ` ${person.name} (${person.title}, `, label("span", person.sworn ? "sworn" : "not_sworn"), ")"] : [];
  $("who").replaceChildren(...parts);
}

// A code from before opens its conversation in this tab.
export function resume(form, opened) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const { id, token } = await call("POST", "/api/conversations/resume", { code: form.elements.code.value });
      tab.keep({ id, token, unsent: [] });
      form.reset();
      await opened();
    } catch (error) { complain(error); }
  });
}
