"use strict";
// Keeps a page of the console live. The stream of events says that something changed, never what; the page then fetches
// what it lacks, from the last message that it has, so that nothing is missed however long it was away.

const byId = (id) => document.getElementById(id);
const problem = byId("problem");
const say = (text) => { problem.textContent = text; };

// --- live updates ---

let fetching = false;
let messagesDue = false;
let queueDue = null;
const more = () => document.querySelector("[data-last]");

function renewQueue() {
  // At most once a second, and always once more after the last change.
  if (queueDue || !byId("queue")) return;
  queueDue = setTimeout(() => { queueDue = null; htmx.trigger("#queue", "renew"); }, 1000);
}

function renewMessages() {
  const end = more();
  if (!end) return;
  // One request at a time; what comes meanwhile is fetched by the next.
  if (fetching) { messagesDue = true; return; }
  messagesDue = false;
  fetching = true;
  htmx.trigger(end, "renew");
}

function fetched() {
  fetching = false;
  if (messagesDue) renewMessages();
}

// A fetch that failed is tried again.
function fetchLater() {
  fetching = false;
  setTimeout(renewMessages, 3000);
}

const ofMessages = (event) => event.detail.requestConfig?.path.includes("/messages?after=");

// The session has ended: who is on duty hears it, and what they are writing stays for them to copy.
let ended = false;
function over() {
  if (!ended && document.body.dataset.duty === "on") alarm();
  if (!ended && !unsent()) setTimeout(() => location.reload(), 1000);
  ended = true;
  say(document.body.dataset.over);
}

async function followAgain() {
  // A stream that is refused says nothing of why, a page does.
  const answer = await fetch("/console/queue", { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.status === 401) over(); else follow();
}

function follow() {
  const source = new EventSource("/console/events");
  const conversation = byId("messages")?.dataset.conversation;
  const about = (event) => JSON.parse(event.data);
  // Without an id it may be about any.
  const renew = (event) => {
    if ([conversation, null].includes(about(event).id)) renewMessages();
    renewQueue();
  };
  source.addEventListener("hello", () => { say(""); renewMessages(); if (byId("queue")) htmx.trigger("#queue", "renew"); });
  source.addEventListener("changed", renew);
  source.addEventListener("alarm", (event) => { renew(event); alarm(); });
  source.addEventListener("typing", (event) => { if (about(event).id === conversation) showTyping(); });
  source.addEventListener("over", () => { source.close(); over(); });
  source.addEventListener("error", () => {
    say(document.body.dataset.offline);
    if (source.readyState === EventSource.CLOSED) setTimeout(followAgain, 5000);
  });
}

let typingOver = null;
function showTyping() {
  const typing = byId("typing");
  if (!typing) return;
  typing.hidden = false;
  clearTimeout(typingOver);
  typingOver = setTimeout(() => { const now = byId("typing"); if (now) now.hidden = true; }, 6000);
}

document.addEventListener("htmx:afterSettle", (event) => {
  const owner = byId("owner");
  // htmx has to know the new element first.
  if (ofMessages(event)) setTimeout(fetched, 0);
  if (owner) {
    const before = document.body.dataset.owner;
    // Somebody else moved it: what can be done with it is another.
    if (before !== undefined && before !== owner.dataset.owner && !unsent()) renewPage();
    document.body.dataset.owner = owner.dataset.owner;
  }
  badge();
});

// The page loads itself again, and says so: nobody may be there.
function renewPage() {
  const here = new URL(location.href);
  here.searchParams.set("renew", "true");
  location.replace(here);
}

const shown = () => [...document.querySelectorAll("#messages li.message")];
function showLast() {
  shown().at(-1)?.scrollIntoView({ block: "nearest" });
}
// Who reads further up, or came for one message (#m12), stays there.
function isAtEnd() {
  const log = byId("messages"), last = shown().at(-1);
  if (location.hash || !log) return false;
  if (!last) return true;
  const box = log.getBoundingClientRect(), end = last.getBoundingClientRect().bottom;
  return end >= Math.max(box.top, 0) && end <= Math.min(box.bottom, innerHeight) + 40;
}

// What a resident took back or changed is not to stay on the screen.
function takeBack() {
  const differ = [...document.querySelectorAll("#messages .replaced")].filter((replaced) => {
    const text = document.querySelector(`#m${replaced.dataset.number} .text`);
    const differs = text && text.textContent !== replaced.textContent;
    if (differs) text.textContent = replaced.textContent;
    return differs;
  });
  if (!differ.length) return;
  // The summary may have had its words.
  if (unsent()) document.querySelector(".summary .text")?.remove(); else renewPage();
}

let before = { count: 0, atEnd: true };
document.addEventListener("htmx:beforeSwap", (event) => {
  if (ofMessages(event)) before = { count: shown().length, atEnd: isAtEnd() };
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!ofMessages(event)) return;
  if (before.atEnd && shown().length > before.count) showLast();
  takeBack();
});

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) return over();
  if (ofMessages(event)) {
    fetching = false;
    if (event.detail.xhr.status === 404) {
      byId("main").replaceChildren();
      return say(document.body.dataset.gone);
    }
    fetchLater();
  }
  let message = document.body.dataset.failed;
  // What isn't our own answer has no message.
  try { message = JSON.parse(event.detail.xhr.responseText).error.message; } catch {}
  say(message);
});
// A reply is taken as it was when it was sent: nothing is written into the box meanwhile.
for (const [name, readOnly] of [["htmx:beforeRequest", true], ["htmx:afterRequest", false]]) {
  document.addEventListener(name, (event) => {
    if (event.detail.elt.id === "reply" && byId("text")) byId("text").readOnly = readOnly;
  });
}
document.addEventListener("htmx:sendError", (event) => {
  if (ofMessages(event)) fetchLater();
  say(document.body.dataset.offline);
});
// What the page fetches by itself says nothing about what somebody did.
const bySomebody = (event) => event.detail.requestConfig?.triggeringEvent?.type !== "renew";
document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful && bySomebody(event)) say(""); });
// Where the button that was pressed is gone, what came in its place has the focus.
document.addEventListener("htmx:afterSettle", (event) => {
  const place = byId(event.detail.target?.id);
  if (!place || event.detail.requestConfig?.verb !== "post" || document.activeElement !== document.body) return;
  (place.querySelector("input:not([type=hidden]), textarea") || place).focus();
});

// --- sound and badge ---

const sound = byId("sound");
const title = document.title;
const soundOn = () => localStorage.getItem("enlace-sound") !== "off";

function badge() {
  const waiting = Number(byId("waiting")?.dataset.waiting || 0);
  document.title = waiting ? `(${waiting}) ${title}` : title;
  const announced = byId("announced"), said = byId("waiting")?.dataset.said;
  if (announced && announced.textContent !== said) announced.textContent = said;
}

let audio = null;
function alarm() {
  document.title = `● ${title}`;
  // Before a first click no browser plays.
  if (!soundOn() || !navigator.userActivation.hasBeenActive) return;
  audio ||= new AudioContext();
  for (const start of [0, 0.3, 0.6]) {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = 880;
    volume.gain.value = 0.15;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + start);
    tone.stop(audio.currentTime + start + 0.18);
  }
}

if (sound) {
  const show = () => sound.setAttribute("aria-pressed", String(soundOn()));
  sound.addEventListener("click", () => { localStorage.setItem("enlace-sound", soundOn() ? "off" : "on"); show(); });
  show();
}

// --- the reply box ---

const unsent = () => ["text", "note", "label"].some((id) => byId(id)?.value.trim());
let lastTyped = 0;

document.addEventListener("input", (event) => {
  const url = event.target.dataset.typing;
  if (!url || Date.now() - lastTyped < 3000) return;
  lastTyped = Date.now();
  const token = JSON.parse(document.body.getAttribute("hx-headers"));
  fetch(url, { method: "POST", headers: token }).catch(() => {});
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form?.id === "reply") {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});
document.addEventListener("click", (event) => {
  const form = byId("reply"), button = event.target.closest("button");
  if (!form || !button) return;
  const cited = byId("cited");
  if (button.classList.contains("insert")) {
    const box = byId("text");
    box.setRangeText(button.dataset.text, box.selectionStart, box.selectionEnd, "end");
    if (button.dataset.topic) {
      form.elements.topic.value = button.dataset.topic;
      cited.querySelector("span").textContent = button.dataset.name;
      cited.hidden = false;
    }
    box.focus();
  } else if (button.classList.contains("uncite")) {
    form.elements.topic.value = "";
    cited.hidden = true;
  }
});

// --- countdown of a window that closes ---

function countDown() {
  for (const time of document.querySelectorAll(".countdown")) {
    const minutes = Math.max(0, Math.floor((new Date(time.dateTime) - Date.now()) / 60000));
    time.textContent = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
  }
}

const here = new URL(location.href);
if (here.searchParams.has("renew")) {
  here.searchParams.delete("renew");
  history.replaceState(null, "", here);
}
if ("live" in document.body.dataset) follow();
const first = byId("owner");
if (first) document.body.dataset.owner = first.dataset.owner;
if (!location.hash) showLast();
badge();
countDown();
setInterval(countDown, 20000);
