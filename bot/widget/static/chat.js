// The chat: one conversation, kept for this tab, begun with the resident's first message.

import { $, about, call, complain, data, focus, framed, follow, keeps, label, log, once, picker, reveal, say, tab, tell, word } from "./page.js";
import { draw, paragraphs } from "./message.js";
import { resume, who } from "./person.js";
import { leave, leaving } from "./leave.js";

const form = $("form"), input = $("text"), notice = $("notice"), retry = $("retry");
// On a phone, focus in the text field opens the keyboard over what is to be read.
const { matches: mouse } = matchMedia("(pointer: fine)");
const shown = new Set();
// The resident's messages, by the id that this page gave them.
const mine = new Map();
let chosen = false, delivering = false;
// Whether what the log shows is the whole conversation, and more comes by the stream.
let opened = false;
// The last message that the transcript or the stream brought: what a reply says of itself leaves gaps.
let streamed = 0;
let typingOver, lastTyped = 0;
// Of the department whose conversation this is: in a frame a code may have opened another's.
let names = data.department_names;

// --- showing ---

function show(message, last = true) {
  if (message.number && shown.has(message.number)) return null;
  if (message.number) shown.add(message.number);
  const node = draw(message, { last, press, showReply });
  place(node, message.number ?? Infinity);
  if (message.client_id) mine.set(message.client_id, node);
  // At first the notice is to be read.
  if (tab.unsent.length || tab.id) reveal(node);
  return node;
}

// In the order of the conversation, whatever arrived first; what has no number yet comes last.
function place(node, number) {
  node.number = number;
  const next = [...log.children].find((other) => other !== node && other.number > number) ?? null;
  if (!node.parentNode || node.nextElementSibling !== next) log.insertBefore(node, next);
}

function showReply(reply, author = "bot") {
  // Some replies come with their number from the stream alone. What the stream has brought already it has told, too.
  if (reply.number && reply.text && show({ ...reply, author, reply, at: new Date().toISOString() })) tell("message");
}

function greet() {
  log.replaceChildren();
  shown.clear();
  mine.clear();
  $("who").replaceChildren();
  opened = false;
  streamed = 0;
  retry.hidden = true;
  named(data.department_names);
  const reply = data.greetings[picker.value];
  show({ number: 0, author: "bot", text: reply.text, language: picker.value, reply });
  notice.open = true;
  begun();
}

// There is something to erase; then all that is said of it is one tap away.
function begun() {
  const chat = Boolean(tab.id || tab.unsent.length);
  $("erasing").hidden = !chat;
  $("more").open = chat;
}

function named(others) {
  names = others;
  $("name").textContent = names[picker.value];
  document.title = `${names[picker.value]} · Enlace`;
}

function state(node, key) {
  if (!node) return;
  node.querySelector(".state")?.remove();
  node.querySelector(".who").append(label("span", key, { class: "state" }));
}

function arrive(message) {
  clearTyping();
  streamed = Math.max(streamed, message.number);
  const sent = mine.get(message.client_id);
  if (sent) {
    // As it was stored: what could identify somebody is masked.
    shown.add(message.number);
    place(sent, message.number);
    for (const part of sent.querySelectorAll("p, ul")) part.remove();
    sent.append(...paragraphs(message.text));
    state(sent, "sent");
    return;
  }
  if (!show(message)) return;
  if (message.author === "liaison" || message.author === "notice") say("");
  if (message.author !== "resident") tell("message");
  if (message.author === "notice") who().catch(() => {});
}

function clearTyping() {
  clearTimeout(typingOver);
  if ($("status").className === "typing") say("");
}

function live() {
  opened = true;
  begun();
  follow(tab.id, () => streamed, (event, content) => {
    if (event === "over") return over();
    if (event === "message") arrive(content);
    if (event === "typing") {
      // Said once, however long they write.
      if (!$("status").textContent) say("person_typing", "typing");
      clearTimeout(typingOver);
      typingOver = setTimeout(clearTyping, 6000);
    }
  });
}

// The conversation was erased, or opened elsewhere by its code.
function over() {
  input.value = [...tab.unsent.map(({ body }) => body.text), input.value].filter(Boolean).join("\n");
  grow();
  tab.forget();
  greet();
  say("over");
}

// --- sending ---

const press = (choice) => send({ choice: choice.send }, choice.label);

function send(body, text) {
  notice.open = false;
  body = { ...body, id: newId(), ...(chosen ? { language: picker.value } : {}) };
  chosen = false;
  tab.keep({ unsent: [...tab.unsent, { body, text }] });
  begun();
  draft(body, text);
  deliver();
}

// Not randomUUID: in a frame on a page without TLS there is none.
const newId = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");

function draft(body, text) {
  if (!mine.has(body.id)) show({ author: "resident", text, language: picker.value, at: new Date().toISOString(), client_id: body.id });
  state(mine.get(body.id), "sending");
}

// One after the other, so that they arrive in order; what fails stays, and goes first the next time.
async function deliver() {
  if (delivering || !tab.unsent.length) return;
  delivering = true;
  retry.hidden = true;
  try {
    while (tab.unsent.length) await deliverFirst();
  } catch (error) {
    failed(error);
  } finally {
    delivering = false;
    $("status").classList.remove("busy");
    // Not away from what somebody fills in or reads.
    if (mouse && document.activeElement === document.body && (!framed || document.hasFocus())) input.focus();
  }
}

async function deliverFirst() {
  if (tab.id && !opened) await reopen();
  const [{ body, text }] = tab.unsent;
  // Erased, or left, while this was on its way.
  const isOver = () => tab.unsent[0]?.body !== body;
  draft(body, text);
  say("typing", "busy");
  if (!tab.id) {
    const { id, token } = await call("POST", "/api/conversations", { department: data.department, language: body.language });
    if (isOver()) return call("POST", `/api/conversations/${id}/leave`, undefined, { token, keepalive: true });
    tab.keep({ id, token });
    live();
  }
  const reply = await about("/messages", "POST", body);
  if (isOver()) return;
  const sent = mine.get(body.id);
  state(sent, "sent");
  // Just before its reply, until its own number is known.
  if (reply.number && sent.number > reply.number) place(sent, reply.number);
  tab.keep({ unsent: tab.unsent.slice(1) });
  say("");
  if (!chosen && reply.language in data.directions && reply.language !== picker.value) { picker.value = reply.language; translate(); }
  showReply(reply);
}

function markUnsent() {
  for (const { body } of tab.unsent) state(mine.get(body.id), "not_sent");
}

function failed(error) {
  complain(error);
  if (error.known?.status === 401) return over();
  markUnsent();
  if (error.known && error.known.status < 500 && error.known.status !== 429) {
    // It will never be taken: it goes back to where it can be changed.
    input.value ||= tab.unsent[0].body.text || "";
    grow();
    tab.keep({ unsent: tab.unsent.slice(1) });
  }
  retry.hidden = !tab.unsent.length;
}

// --- language ---

function translate() {
  const language = picker.value;
  document.documentElement.lang = language;
  document.documentElement.dir = data.directions[language];
  for (const node of document.querySelectorAll("[data-word]")) {
    node.textContent = word(node.dataset.word);
    node.lang = language;
    node.dir = data.directions[language];
  }
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", word(node.dataset.label));
    if (node.title) node.title = word(node.dataset.label);
    node.lang = language;
  }
  named(names);
  input.placeholder = word("placeholder");
  for (const option of $("department")?.options || []) option.textContent = data.departments[option.value][language];
  if (!tab.id && !mine.size) greet();
  tell("language", language);
}

function choose(language) {
  if (!(language in data.words)) return;
  picker.value = language;
  chosen = true;
  translate();
  // It goes with the next message, too, where this fails.
  if (tab.id) about("/language", "POST", { language }).catch(() => {});
}

// --- the conversation from before ---

async function reopen() {
  const transcript = await about("", "GET");
  const other = transcript.department !== data.department;
  names = other && (await call("GET", "/api/departments")).find(({ id }) => id === transcript.department)?.name || data.department_names;
  // What was said before is not announced again.
  log.setAttribute("aria-live", "off");
  log.replaceChildren();
  shown.clear();
  mine.clear();
  // Unless another was picked while it opened.
  if (!chosen && transcript.language in data.words) picker.value = transcript.language;
  translate();
  const last = [...transcript.messages].reverse().find((message) => message.author !== "resident");
  for (const message of transcript.messages) show(message, message === last);
  streamed = transcript.messages[transcript.messages.length - 1]?.number ?? 0;
  for (const { body, text } of tab.unsent) draft(body, text);
  notice.open = false;
  say("");
  setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
  live();
  who().catch(() => {});
}

async function begin() {
  if (!tab.id && !log.firstChild) greet();
  begun();
  for (const { body, text } of tab.unsent) draft(body, text);
  retry.hidden = true;
  try {
    if (tab.id && !opened) await reopen();
    await deliver();
  } catch (error) {
    if (error.known?.status === 401) return over();
    complain(error);
    markUnsent();
    retry.hidden = false;
  }
}

async function forget() {
  if (tab.id) await about("", "DELETE");
  tab.forget();
  greet();
}

// --- what people do ---

function ask(event) {
  event.preventDefault();
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  grow();
  if (mouse) input.focus();
  send({ text }, text);
}

function grow() {
  input.rows = 1;
  while (input.rows < 5 && input.scrollHeight > input.clientHeight) input.rows += 1;
}

form.addEventListener("submit", ask);
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) ask(event);
});
input.addEventListener("input", () => {
  grow();
  if (!tab.id || Date.now() - lastTyped < 3000) return;
  lastTyped = Date.now();
  about("/typing").catch(() => {});
});
picker.addEventListener("change", () => choose(picker.value));
const department = $("department");
if (department) {
  // Arrow keys change it at each press: who uses them goes on with Enter, or by leaving it. Not kept in the history: Back
  // after "Leave now" would show it.
  let keys = false;
  const go = () => { if (!leaving && department.value !== data.department) location.replace(`/?department=${department.value}&language=${picker.value}`); };
  department.addEventListener("pointerdown", () => { keys = false; });
  department.addEventListener("keydown", ({ key }) => { keys = key !== "Enter"; if (!keys) go(); });
  department.addEventListener("change", () => { if (!keys) go(); });
  department.addEventListener("blur", go);
}
retry.addEventListener("click", () => { focus(); begin(); });
$("erase").addEventListener("click", once(async () => { await forget(); say("erased"); }));
addEventListener("online", () => {
  if ($("status").querySelector("[data-word=offline]")) say("");
  begin();
});
addEventListener("offline", () => say("offline", "problem"));
resume($("resume"), reopen);

// --- in a frame on the department's own page ---

if (framed) {
  $("close").hidden = false;
  document.body.className = "framed";
  $("close").addEventListener("click", () => tell("close"));
  addEventListener("keydown", (event) => { if (event.key === "Escape") tell("close"); });
  addEventListener("message", ({ source, data: { enlace, detail } = {} }) => {
    if (source !== window.parent) return;
    // Before the first message, what is to be read first.
    if (enlace === "open") (!tab.id ? notice.firstElementChild : mouse ? input : log).focus();
    if (enlace === "language") choose(detail);
    if (enlace === "reset") forget().then(() => tell("reset"), complain);
    if (enlace === "leave") leave();
  });
}

// A keyboard, or a line above or below the messages, takes room from them: who was at their end stays there.
// Below a message that was just brought into sight are some pixels more. Before the first one the notice is to be read.
const main = $("main");
let atEnd = false;
const look = () => { atEnd = Boolean(tab.id) && main.scrollTop + main.clientHeight > main.scrollHeight - 40; };
const room = new ResizeObserver((changes) => {
  if (atEnd && changes.some(({ target }) => target === main)) main.scrollTop = main.scrollHeight;
  look();
});
room.observe(main);
room.observe(log);
main.addEventListener("scroll", look);

$("forgets").hidden = keeps;
begin().finally(() => tell("ready"));
