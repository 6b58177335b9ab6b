"use strict";
// The plain page: one conversation, kept for this tab. Every word of a person is set as text, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const log = document.getElementById("log");
const status = document.getElementById("status");
const form = document.getElementById("form");
const input = document.getElementById("text");
const picker = { department: document.getElementById("department"), language: document.getElementById("language") };

let conversation = JSON.parse(sessionStorage.getItem("conversation") || "null");
let chosen = false;
let unsent = null;

const word = (key, language = picker.language.value) => data.words[language][key];

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") node.addEventListener("click", value);
    else if (value !== null) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

async function call(method, path, body) {
  const headers = { "Accept-Language": picker.language.value };
  if (body) headers["Content-Type"] = "application/json";
  if (conversation) headers.Authorization = `Bearer ${conversation.token}`;
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error.message), { known: answer.error });
  return answer;
}

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

function show(author, text, language, reply) {
  const who = element("div", { class: "who" }, word(author === "resident" ? "you" : "enlace", language));
  const message = element("div", { class: `message ${author} ${reply ? reply.kind : ""}`, lang: language,
    dir: data.directions[language] || "auto" }, who);
  for (const part of text.split("\n\n")) message.append(element("p", {}, part));
  if (reply) {
    if (reply.reviewed === false) message.append(element("p", { class: "small" }, word("unreviewed", language)));
    if (reply.citations.length) {
      const summary = element("summary", {}, `${word("sources", language)} (${reply.citations.length})`);
      const details = element("details", {}, summary);
      for (const source of reply.citations) details.append(...citation(source, language));
      message.append(details);
    }
    if (reply.choices.length) {
      message.append(element("div", { class: "choices" }, ...reply.choices.map((choice) =>
        element("button", { type: "button", onclick: () => send({ choice: choice.send }, choice.label) }, choice.label))));
    }
  }
  log.append(message);
  message.scrollIntoView({ block: "nearest" });
}

async function start() {
  const body = { department: picker.department.value };
  // Only a language that was picked is sent as one; the browser's is a first guess that the first message may correct.
  if (chosen) body.language = picker.language.value;
  conversation = null;
  const started = await call("POST", "/api/conversations", body);
  conversation = { id: started.id, token: started.token, department: body.department };
  sessionStorage.setItem("conversation", JSON.stringify(conversation));
  show("bot", started.greeting.text, started.greeting.language, started.greeting);
}

async function send(body, shown) {
  const id = crypto.randomUUID();
  show("resident", shown, picker.language.value, null);
  await deliver({ ...body, id, ...(chosen ? { language: picker.language.value } : {}) });
}

async function deliver(body) {
  unsent = body;
  status.textContent = word("typing");
  status.className = "busy";
  try {
    if (!conversation) await start();
    const reply = await call("POST", `/api/conversations/${conversation.id}/messages`, body);
    unsent = null;
    chosen = false;
    status.textContent = "";
    if (reply.language in data.directions && reply.language !== picker.language.value) { picker.language.value = reply.language; translate(); }
    show("bot", reply.text, reply.language, reply);
  } catch (error) {
    status.textContent = (error.known ? error.message : word("offline")) + " ";
    if (error.known && error.known.status < 500) unsent = null;
    if (unsent) status.append(element("button", { type: "button", onclick: () => deliver(unsent) }, word("retry")));
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
  const old = conversation;
  if (old) await call("DELETE", `/api/conversations/${old.id}`);
  conversation = null;
  sessionStorage.removeItem("conversation");
  log.replaceChildren();
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
picker.language.addEventListener("change", () => { chosen = true; translate(); });
picker.department.addEventListener("change", async () => {
  conversation = null;
  log.replaceChildren();
  await start().catch(() => { status.textContent = word("offline"); });
});
document.getElementById("erase").addEventListener("click", async () => {
  try { await forget(); status.textContent = word("erased"); }
  catch (error) { status.textContent = error.known ? error.message : word("offline"); }
});

(async () => {
  try {
    if (conversation) {
      const transcript = await call("GET", `/api/conversations/${conversation.id}`);
      picker.department.value = transcript.department;
      picker.language.value = transcript.language;
      translate();
      for (const message of transcript.messages) show(message.author, message.text, message.language, message.reply);
      return;
    }
  } catch (error) {
    conversation = null;
  }
  await start().catch((error) => { status.textContent = error.known ? error.message : word("offline"); });
})();
