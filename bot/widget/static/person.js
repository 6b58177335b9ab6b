// What a resident fills in around a person: what is passed on, how to be called back, a code, whether it helped.

import { about, complain, data, element, picker, status, tab, word } from "./page.js";

const field = (label, input) => element("label", { class: "field" }, label, input);

function open(button, form) {
  button.replaceWith(form);
  form.querySelector("input, textarea, select")?.focus();
}

// A form that sends what `body` makes of it; `done` follows.
function sending(parts, label, work, language) {
  const submit = element("button", { type: "submit", class: "main" }, label);
  const form = element("form", { class: "person", lang: language, onsubmit: async (event) => {
    event.preventDefault();
    submit.disabled = true;
    status.textContent = "";
    try { await work(form); } catch (error) { complain(error); submit.disabled = false; }
  } }, ...parts, submit);
  return form;
}

// Before anything is passed on: the resident sees the summary, and may change it or leave it out.
export function consent(offer, language, show, stay) {
  const say = (key) => word(key, language);
  const summary = element("textarea", { rows: "3", maxlength: "1000", lang: language, dir: "auto" });
  summary.value = offer.summary;
  const name = element("input", { maxlength: "80", autocomplete: "off" });
  const whole = element("input", { type: "checkbox" });
  const form = sending([
    field(say("summary"), summary),
    field(say("name"), name),
    element("label", { class: "check" }, whole, say("whole_chat")),
  ], say("connect"), async () => {
    const body = { summary: summary.value.trim() || null, name: name.value.trim() || null, whole_chat: whole.checked };
    const reply = await about("/handoff", "POST", body);
    for (const node of form.elements) node.disabled = true;
    show(reply);
  }, language);
  form.append(element("button", { type: "button", onclick: () => { form.remove(); stay(); } }, say("stay")));
  return form;
}

function callback(language) {
  const say = (key) => word(key, language);
  const contact = element("input", { maxlength: "200", required: true, autocomplete: "off" });
  const time = element("input", { maxlength: "200", required: true });
  const tongue = element("select", {}, ...Object.entries(data.names).map(([code, label]) =>
    element("option", { value: code, lang: code, selected: code === language }, label)));
  const form = sending([
    element("p", { class: "small" }, say("contact_kept")),
    field(say("contact"), contact), field(say("time"), time), field(say("call_language"), tongue),
  ], say("call_me"), async () => {
    await about("/callback", "POST", { contact: contact.value, time: time.value, language: tongue.value });
    form.replaceWith(element("p", { role: "status" }, say("call_noted")));
  }, language);
  return form;
}

async function code(button, language) {
  const { code } = await about("/code");
  button.replaceWith(element("p", { role: "status" }, `${word("your_code", language)} `, element("strong", { class: "code" }, code),
    element("span", { class: "small" }, ` ${word("code_kept", language)}`)));
}

function rate(helpful, box, language) {
  const say = (key) => word(key, language);
  const thanks = () => box.replaceChildren(element("p", { role: "status" }, say("rated")));
  about("/rating", "POST", { helpful }).then(() => {
    box.replaceChildren(element("p", {}, say("why")), ...data.why[helpful ? "yes" : "no"].map((key) =>
      element("button", { type: "button", onclick: () => about("/rating", "POST", { helpful, why: key }).then(thanks, complain) }, say(`why_${key}`))));
  }, complain);
}

// The buttons that a reply invites to press.
export function invitations(forms, language, show) {
  const say = (key) => word(key, language);
  const box = element("div", { class: "choices" });
  const button = (label, act) => {
    const node = element("button", { type: "button", onclick: () => Promise.resolve(act(node)).catch(complain) }, label);
    box.append(node);
  };
  for (const form of forms) {
    if (form === "callback") button(say("call_me"), (node) => open(node, callback(language)));
    if (form === "code") button(say("get_code"), (node) => code(node, language));
    if (form === "withdraw") button(say("withdraw"), async (node) => { show(await about("/handoff", "DELETE")); node.remove(); });
    if (form === "rate") {
      box.append(element("p", {}, say("helped")));
      button(say("yes"), () => rate(true, box, language));
      button(say("no"), () => rate(false, box, language));
    }
  }
  return box;
}

// A code from before opens its conversation in this tab.
export function resume(form, opened) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const response = await fetch("/api/conversations/resume", { method: "POST", headers: { "Content-Type": "application/json", "Accept-Language": picker.language.value },
        body: JSON.stringify({ code: form.elements.code.value }) });
      const answer = await response.json();
      if (!response.ok) throw Object.assign(new Error(answer.error.message), { known: answer.error });
      tab.keep({ id: answer.id, token: answer.token });
      form.reset();
      form.closest("details").open = false;
      await opened();
    } catch (error) { complain(error); }
  });
}
