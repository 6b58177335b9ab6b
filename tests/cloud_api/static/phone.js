// A phone's screen: shows a chat as the server has it, and does in it what a person would. What people and departments
// wrote is put on the page as text alone.

import { body, choicesOf, summary } from "./bubble.js";
import { element, labels } from "./dom.js";
import { icon } from "./icons.js";

const $ = (id) => document.getElementById(id);
const ATTACH = {
  photo: { type: "image" },
  voice: { type: "voice" },
  sticker: { type: "sticker" },
  location: { type: "location", location: { latitude: 47.3809, longitude: -122.2348, name: "Kent" } },
  document: { type: "document", filename: "carta.pdf" },
  contacts: { type: "contacts", contacts: [{ name: { formatted_name: "Ana Paz", first_name: "Ana" } }] },
  unsupported: { type: "unsupported" },
};
const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

let state = null;
let chosen = { user: sessionStorage.user || "", number: sessionStorage.number || "" };
let about = null; // {message, edit}: what the next text answers or changes
const shown = new Map(); // message id -> [its JSON, its element]

async function call(path, data) {
  const answer = await fetch(path, {
    method: data ? "POST" : "GET",
    headers: data ? { "Content-Type": "application/json" } : {},
    body: data && JSON.stringify(data),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${(await answer.text()).slice(0, 300)}`);
  return answer.json();
}

async function say(what) {
  try {
    await call(`/_control/users/${encodeURIComponent(state.user)}/say`, { number: state.number, ...what });
    notice("");
    $("log").scrollTop = $("log").scrollHeight;
  } catch (error) {
    console.error(error);
    notice(labels.failed);
    throw error;
  }
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

// --- Showing --------------------------------------------------------------------------------------------------------

let asking = false;
let again = false;

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    do {
      again = false;
      const query = new URLSearchParams(chosen);
      show(await call(`/_phone/state?${query}`));
      await markRead();
    } while (again);
  } catch (error) {
    console.error(error);
  } finally {
    asking = false;
  }
}

function show(next) {
  const moved = !state || state.user !== next.user || state.number !== next.number;
  state = next;
  if (moved) {
    chosen = { user: next.user || "", number: next.number };
    Object.assign(sessionStorage, chosen);
    $("log").replaceChildren();
    shown.clear();
    setAbout(null);
  }
  showPickers();
  showHead();
  showMessages(moved);
  $("text").disabled = !next.user || next.blocked;
  notice(next.blocked ? labels.blocked : next.user ? "" : labels.nobody);
}

function showPickers() {
  const numbers = state.numbers.map(({ id, name }) => {
    const unread = state.unread[id] && id !== state.number ? ` (${state.unread[id]})` : "";
    return new Option(name + unread, id, false, id === state.number);
  });
  const people = state.users.map(({ wa_id, name }) => new Option(name || wa_id, wa_id, false, wa_id === state.user));
  people.push(new Option(labels.new_person, "+", false, false));
  if (document.activeElement !== $("number")) $("number").replaceChildren(...numbers);
  if (document.activeElement !== $("person")) $("person").replaceChildren(...people);
}

function showHead() {
  const number = state.numbers.find(({ id }) => id === state.number);
  const words = number.name.split(/[\s-]+/).filter(Boolean);
  $("face").textContent = words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
  $("name").textContent = number.name;
  $("under").textContent = state.typing ? labels.typing : number.phone;
}

function showMessages(moved) {
  const log = $("log");
  const low = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const messages = state.messages.filter(({ type }) => type !== "reaction");
  for (const message of messages) {
    const text = JSON.stringify(message);
    const [before, old] = shown.get(message.id) || [];
    if (text === before) continue;
    const made = bubble(message);
    old ? old.replaceWith(made) : log.append(made);
    shown.set(message.id, [text, made]);
  }
  log.querySelector(".hint")?.remove();
  log.querySelector(".waiting")?.remove();
  if (!messages.length) log.append(element("p", "hint", labels.empty));
  if (state.typing) {
    const dots = element("div", "bubble", element("div", "dots", element("i"), element("i"), element("i")));
    dots.setAttribute("aria-hidden", "true");
    log.append(element("div", "message waiting", dots));
  }
  if (moved || low) log.scrollTop = log.scrollHeight;
}

function bubble(message) {
  const mine = message.direction === "out";
  const box = element("div", "bubble");
  const quoted = message.quotes && state.messages.find(({ id }) => id === message.quotes);
  if (quoted) {
    const whose = quoted.direction === "out" ? labels.you : state.numbers.find(({ id }) => id === state.number).name;
    box.append(element("p", "quoted", element("b", "", whose), element("span", "", summary(quoted))));
  }
  box.append(...body(message), meta(message, mine));
  const whole = element("div", mine ? "message mine" : "message", box);
  const given = Object.values(message.reactions).filter(Boolean);
  if (given.length) whole.append(element("span", "reaction", given.join(" ")));
  const choices = message.revoked ? [] : choicesOf(message, { press, openList });
  if (choices.length) whole.append(element("div", "choices", ...choices));
  return whole;
}

function meta(message, mine) {
  const time = new Date(message.timestamp * 1000).toLocaleTimeString(document.documentElement.lang, {
    hour: "numeric",
    minute: "2-digit",
  });
  const line = element("div", "meta", message.edited ? `${labels.edited} · ${time}` : time);
  if (mine) {
    const ticks = element("span", `ticks ${message.status}`, message.status === "sent" ? "✓" : "✓✓");
    ticks.setAttribute("role", "img");
    ticks.setAttribute("aria-label", labels[`receipts_${message.status}`] || message.status);
    line.append(ticks);
  }
  const menu = element("button", "menu", "⌄");
  menu.type = "button";
  menu.setAttribute("aria-label", `${labels.options}: ${summary(message).slice(0, 60)}`);
  menu.addEventListener("click", () => options(message, mine));
  line.append(menu);
  return line;
}

async function markRead() {
  const waiting = state.messages.some(({ direction, status, type }) => direction === "in" && status !== "read" && type !== "reaction");
  if (waiting && document.visibilityState === "visible") {
    await call(`/_control/users/${encodeURIComponent(state.user)}/read`, { number: state.number });
  }
}

// --- Doing ----------------------------------------------------------------------------------------------------------

const press = (message, id) => say({ type: "press", message: message.id, id }).catch(() => {});

function setAbout(next) {
  about = next;
  $("about").hidden = !next;
  if (!next) return;
  $("about-text").textContent = `${next.edit ? labels.editing : labels.answering}: ${summary(next.message)}`;
  if (next.edit) $("text").value = next.message.content.body || "";
  $("text").focus();
}

function open(title, ...parts) {
  $("sheet-title").textContent = title;
  $("sheet-body").replaceChildren(...parts);
  $("sheet").showModal();
}

function row(name, text, small, act) {
  const words = element("span", "", text);
  if (small) words.append(element("small", "", small));
  const made = element("button", "row", ...(name ? [icon(name)] : []), words);
  made.type = "button";
  made.addEventListener("click", () => {
    $("sheet").close();
    act();
  });
  return made;
}

function openList(message, action) {
  const parts = [];
  for (const section of action.sections) {
    if (section.title) parts.push(element("h3", "", section.title));
    for (const each of section.rows) parts.push(row("", each.title, each.description, () => press(message, each.id)));
  }
  open(action.button, ...parts);
}

function options(message, mine) {
  const react = (emoji) => say({ type: "reaction", message: message.id, emoji }).catch(() => {});
  const faces = EMOJI.map((emoji) => {
    const face = element("button", "icon", emoji);
    face.type = "button";
    face.setAttribute("aria-label", `${labels.react} ${emoji}`);
    face.addEventListener("click", () => {
      $("sheet").close();
      react(emoji);
    });
    return face;
  });
  const parts = [element("div", "faces", ...faces), row("reply", labels.reply, "", () => setAbout({ message }))];
  if (message.reactions.user) parts.push(row("unreact", labels.unreact, "", () => react("")));
  if (mine && !message.revoked) {
    if (message.type === "text") parts.push(row("edit", labels.edit, "", () => setAbout({ message, edit: true })));
    parts.push(row("revoke", labels.revoke, "", () => say({ type: "revoke", message: message.id }).catch(() => {})));
  }
  open(labels.options, ...parts);
}

function newPerson() {
  const input = element("input");
  input.setAttribute("aria-label", labels.new_person_name);
  input.placeholder = labels.new_person_name;
  input.maxLength = 60;
  const add = element("button", "", labels.add);
  const form = element("form", "field", input, add);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!input.value.trim()) return;
    const taken = new Set(state.users.map(({ wa_id }) => wa_id));
    let last = 142;
    while (taken.has(`15550${last}`)) last += 1;
    const user = await call("/_control/users", { wa_id: `15550${last}`, name: input.value.trim() });
    $("sheet").close();
    chosen.user = user.wa_id;
    refresh();
  });
  open(labels.new_person, form);
  input.focus();
}

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || !state?.user) return;
  const what = about?.edit
    ? { type: "edit", message: about.message.id, text }
    : { type: "text", text, ...(about ? { reply_to: about.message.id } : {}) };
  $("text").value = "";
  try {
    await say(what);
    setAbout(null);
  } catch {
    $("text").value = text;
  }
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("form").requestSubmit();
  }
});
$("about-close").addEventListener("click", () => setAbout(null));
$("attach").addEventListener("click", () => {
  open(labels.attach, ...Object.entries(ATTACH).map(([name, what]) => row(name, labels[name], "", () => say(what).catch(() => {}))));
});
$("more").addEventListener("click", () => {
  const path = `/_control/users/${encodeURIComponent(state.user)}/block`;
  const block = () => call(path, { number: state.number, blocked: !state.blocked });
  open(
    labels.options,
    row("block", state.blocked ? labels.unblock : labels.block, "", block),
    row("later", labels.later, "", () => call("/_control/clock", { advance_s: 86400 })),
  );
});
$("number").addEventListener("change", () => {
  chosen.number = $("number").value;
  $("number").blur();
  refresh();
});
$("person").addEventListener("change", () => {
  const value = $("person").value;
  $("person").blur();
  if (value === "+") {
    $("person").value = state.user || "+";
    newPerson();
    return;
  }
  chosen.user = value;
  refresh();
});
$("sheet-close").addEventListener("click", () => $("sheet").close());
$("sheet").addEventListener("click", (event) => {
  if (event.target === $("sheet")) $("sheet").close();
});
document.addEventListener("visibilitychange", () => state && refresh());
new EventSource("/_phone/events").addEventListener("message", refresh);
