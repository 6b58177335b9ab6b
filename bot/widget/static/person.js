// What a resident fills in around a person: what is passed on, how to be called back, a code, whether it helped.

import { $, about, call, data, element, focus, framed, keeps, label, once, picker, reveal, say, tab, word } from "./page.js";

const field = (key, input) => element("label", { class: "field" }, label("span", key), input);

function swap(node, part) {
  node.replaceWith(part);
  focus(part);
}

// A form that does `work`; what was typed stays where that fails.
function sending(parts, key, work) {
  const onsubmit = once(() => { say(""); return work(); });
  return element("form", { class: "person", onsubmit }, ...parts, label("button", key, { type: "submit", class: "main" }));
}

// What is said of a move is there at once, with or without the stream.
function moved(reply, show) {
  show(reply, "notice");
  focus();
  who().catch(() => {});
}

// Before anything is passed on: the resident sees the summary, and may change it or leave it out.
export function consent(offer, language, show, stay) {
  const summary = element("textarea", { rows: "3", maxlength: data.max_summary_chars, lang: language, dir: "auto" });
  summary.value = offer.summary;
  const name = element("input", { maxlength: "80", autocomplete: "off" });
  const whole = element("input", { type: "checkbox" });
  const form = sending([
    field("summary", summary), field("name", name), element("label", { class: "check" }, whole, label("span", "whole_chat")),
  ], "connect", async () => {
    const body = { summary: summary.value.trim() || null, name: name.value.trim() || null, whole_chat: whole.checked };
    const reply = await about("/handoff", "POST", body);
    for (const node of form.elements) node.disabled = true;
    moved(reply, show);
  });
  form.append(label("button", "stay", { type: "button", onclick: () => { form.remove(); focus(); stay(); } }));
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
    swap(form, label("p", "call_noted"));
  });
  return form;
}

// A question with two buttons; `answered(yes)` sends it. What `then` returns, by default thanks, stands there afterwards.
export function yesOrNo(key, answered, then = () => [thanks()]) {
  const choose = once(async ({ target }) => {
    const yes = target === box.children[1];
    await answered(yes);
    box.replaceChildren(...then(yes));
    focus(box.firstChild);
    reveal(box);
  });
  const box = element("div", { class: "helpful", role: "group", "data-label": key, "aria-label": word(key), lang: picker.value },
    label("p", key, { class: "small" }),
    label("button", "yes", { type: "button", onclick: choose }),
    label("button", "no", { type: "button", onclick: choose }));
  return box;
}

export const thanks = () => label("p", "rated", { class: "small" });

function rate() {
  const send = (helpful, why) => about("/rating", "POST", { helpful, why });
  return yesOrNo("helped", send, (helpful) => [
    label("p", "why"),
    ...data.why[helpful ? "yes" : "no"].map((why) => label("button", `why_${why}`, {
      type: "button", onclick: once(async ({ target }) => { await send(helpful, why); swap(target.parentNode, thanks()); }) })),
  ]);
}

// The buttons that a reply invites to press.
export function invitations(forms, show) {
  const box = element("div", { class: "choices" });
  const button = (key, act) => box.append(label("button", key, { type: "button", onclick: once((event) => act(event.target)) }));
  for (const form of forms) {
    if (form === "callback") button("call_me", (node) => { const opened = callback(); node.replaceWith(opened); opened.querySelector("input").focus(); reveal(opened); });
    if (form === "code") button("get_code", async (node) => {
      const { code } = await about("/code");
      swap(node, element("p", {}, label("span", "your_code"), " ", element("strong", { class: "code" }, code), " ", label("span", "code_kept", { class: "small" })));
    });
    if (form === "withdraw") button("withdraw", async (node) => { const reply = await about("/handoff", "DELETE"); node.remove(); moved(reply, show); });
    if (form === "rate") box.append(rate());
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

// A code from before opens its conversation in this tab; that of another department on its page. In a frame, which a
// city may fill with its own department's page alone, and where nothing is kept, it opens here.
export function resume(form, opened) {
  form.addEventListener("submit", once(async () => {
    const { id, token, department } = await call("POST", "/api/conversations/resume", { code: form.elements.code.value });
    form.reset();
    if (department !== data.department && keeps && !framed) {
      tab.keepFor(department, id, token);
      return location.replace(`/chat/${department}?language=${picker.value}`);
    }
    tab.keep({ id, token, unsent: [] });
    await opened();
  }));
}
