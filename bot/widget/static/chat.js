// The plain page: one conversation, kept for this tab.

import { about, call, complain, data, element, follow, log, picker, status, tab, word } from "./page.js";
import { consent, invitations, resume } from "./person.js";

const form = document.getElementById("form");
const input = document.getElementById("text");

let chosen = false;
let unsent = null;
const shown = new Set();
let mine = [];
let typingOver = null;
let lastTyped = 0;

// --- showing ---

function citation(source, language) {
  const say = (key) => word(key, language);
  const date = source.effective ? `${say("effective")}: ${source.effective}`
    : source.published ? `${say("published")}: ${source.published}` : say("undated");
  const parts = [];
  if (source.translation) {
    const label = source.translation_status === "unreviewed" ? say("unofficial") : say("reviewed_translation");
    parts.push(element("blockquote", { lang: language }, source.translation), element("p", { class: "small" }, label));
    parts.push(element("p", { class: "small" }, say("original")));
  }
  parts.push(element("blockquote", { lang: "en" }, source.quote));
  const where = [source.publisher, source.title, source.section_title, date].filter(Boolean).join(" · ");
  parts.push(element("p", { class: "small" }, where));
  if (source.note) parts.push(element("p", { class: "small" }, source.note));
  if (source.url) parts.push(element("p", {}, element("a", { href: source.url, rel: "noreferrer" }, source.url)));
  return parts;
}

function show({ number, author, text, language, reply, name }) {
  if (number && shown.has(number)) return;
  if (number) shown.add(number);
  const heading = name || word(author === "resident" ? "you" : "enlace", language);
  const message = element("div", { class: `message ${author} ${reply ? reply.kind : ""}`, lang: language,
    dir: data.directions[language] || "auto" }, element("div", { class: "who" }, heading));
  for (const part of text.split("\n\n")) message.append(element("p", {}, part));
  if (reply) {
    if (reply.reviewed === false) message.append(element("p", { class: "small" }, word("unreviewed", language)));
    if (reply.citations.length) {
      const summary = element("summary", {}, `${word("sources", language)} (${reply.citations.length})`);
      const details = element("details", {}, summary);
      for (const source of reply.citations) details.append(...citation(source, language));
      message.append(details);
    }
    const pass = reply.handoff ? "/press_connect" : null;
    const choices = reply.choices.filter((choice) => !pass || !(choice.send.startsWith(pass) || choice.send === "/press_stay"));
    if (pass) message.append(consent(reply.handoff, language, showReply, () => send({ choice: "/press_stay" }, word("stay", language))));
    if (choices.length) {
      message.append(element("div", { class: "choices" }, ...choices.map((choice) =>
        element("button", { type: "button", onclick: () => send({ choice: choice.send }, choice.label) }, choice.label))));
    }
    if (reply.forms?.length) message.append(invitations(reply.forms, language, showReply));
  }
  log.append(message);
  message.scrollIntoView({ block: "nearest" });
  return message;
}

// Some replies come with their number from the stream alone.
function showReply(reply) {
  if (reply.number && reply.text) show({ number: reply.number, author: "bot", text: reply.text, language: reply.language, reply });
}

function arrive(message) {
  clearTyping();
  if (message.author === "resident" && mine.length) {
    // What was sent from this tab, as it was stored: what could identify somebody is masked.
    const sent = mine.shift();
    shown.add(message.number);
    sent.querySelector("p").textContent = message.text;
    return;
  }
  if (message.author === "liaison" || message.author === "notice") status.textContent = "";
  show(message);
}

function clearTyping() {
  clearTimeout(typingOver);
  if (status.className === "typing") { status.textContent = ""; status.className = ""; }
}

function live() {
  follow(tab.conversation, () => Math.max(0, ...shown), (event, content) => {
    if (event === "message") arrive(content);
    if (event === "typing" && !status.textContent) {
      status.textContent = word("person_typing");
      status.className = "typing";
      typingOver = setTimeout(clearTyping, 6000);
    }
  });
}

// --- sending ---

async function start() {
  const body = { department: picker.department.value };
  // Only a language that was picked is sent as one; the browser's is a first guess that the first message may correct.
  if (chosen) body.language = picker.language.value;
  tab.conversation = null;
  shown.clear();
  mine = [];
  const started = await call("POST", "/api/conversations", body);
  tab.keep({ id: started.id, token: started.token });
  show({ author: "bot", text: started.greeting.text, language: started.greeting.language, reply: started.greeting });
  live();
}

async function send(body, text) {
  const message = show({ author: "resident", text, language: picker.language.value, reply: null });
  mine.push(message);
  await deliver({ ...body, id: crypto.randomUUID(), ...(chosen ? { language: picker.language.value } : {}) });
}

async function deliver(body) {
  unsent = body;
  status.textContent = word("typing");
  status.className = "busy";
  try {
    if (!tab.conversation) await start();
    const reply = await about("/messages", "POST", body);
    unsent = null;
    chosen = false;
    status.textContent = "";
    if (reply.language in data.directions && reply.language !== picker.language.value) { picker.language.value = reply.language; translate(); }
    showReply(reply);
  } catch (error) {
    complain(error);
    if (error.known && error.known.status < 500) { unsent = null; mine.pop(); }
    if (unsent) status.append(" ", element("button", { type: "button", onclick: () => deliver(unsent) }, word("retry")));
  } finally {
    status.className = "";
    input.focus();
  }
}

function translate() {
  const language = picker.language.value;
  document.documentElement.lang = language;
  document.documentElement.dir = data.directions[language];
  document.title = `${word("title")} · Enlace`;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  input.placeholder = word("placeholder");
  for (const option of picker.department.options) {
    option.textContent = data.departments[option.value][language];
  }
}

async function forget() {
  if (tab.conversation) await about("", "DELETE");
  tab.keep(null);
  shown.clear();
  mine = [];
  log.replaceChildren();
}

async function reopen() {
  const transcript = await about("", "GET");
  log.replaceChildren();
  shown.clear();
  mine = [];
  picker.department.value = transcript.department;
  picker.language.value = transcript.language;
  translate();
  for (const message of transcript.messages) show(message);
  live();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  send({ text }, text);
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
});
input.addEventListener("input", () => {
  if (!tab.conversation || Date.now() - lastTyped < 3000) return;
  lastTyped = Date.now();
  about("/typing").catch(() => {});
});
picker.language.addEventListener("change", () => { chosen = true; translate(); });
picker.department.addEventListener("change", async () => {
  log.replaceChildren();
  await start().catch(complain);
});
document.getElementById("erase").addEventListener("click", async () => {
  try { await forget(); status.textContent = word("erased"); } catch (error) { complain(error); }
});
resume(document.getElementById("resume"), reopen);

(async () => {
  try {
    if (tab.conversation) { await reopen(); return; }
  } catch {
    tab.keep(null);
  }
  await start().catch(complain);
})();
