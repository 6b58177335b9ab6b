"use strict";
// Keeps a page of the console live. The stream of events says that something changed, never what; the page then fetches
// what it lacks, from the last message that it has, so that nothing is missed however long it was away.

const byId = (id) => document.getElementById(id);
const problem = byId("problem");
// Somebody else moved the conversation while this page has words that nobody has sent: that stays said.
let moved = false;
function say(text) {
  const said = text || (moved ? document.body.dataset.moved : "");
  if (text || problem.textContent !== said) problem.textContent = said;
}

// --- live updates ---

let fetching = false;
let messagesDue = false;
let asked = false;
let listsDue = null;
const more = () => document.querySelector("[data-last]");

// What fetches the lists of this page anew: the queue, or those of callbacks and of a search.
const lists = () => byId("queue") || byId("renew");

function renewLists() {
  // At most once a second, and always once more after the last change.
  if (listsDue || !lists()) return;
  listsDue = setTimeout(() => { listsDue = null; htmx.trigger(lists(), "renew"); }, 1000);
}

function renewMessages() {
  const end = more();
  if (!end) return;
  // One request at a time; what comes meanwhile is fetched by the next.
  if (fetching) { messagesDue = true; return; }
  messagesDue = false;
  fetching = true;
  asked = false;
  htmx.trigger(end, "renew");
  // What came last is new to htmx yet.
  if (!asked) fetchLater();
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
const ofList = (event) => event.detail.requestConfig?.path.includes("?renew=true");
document.addEventListener("htmx:beforeRequest", (event) => { if (ofMessages(event)) asked = true; });

// The session has ended: who is on duty hears it, and what they are writing stays for them to copy.
let ended = false;
function over() {
  if (!ended && document.body.dataset.duty === "on") alarm();
  if (!ended && !unsent()) setTimeout(() => location.reload(), 1000);
  ended = true;
  say(document.body.dataset.over);
}

// A connection may be dead and not say so; on the stream the server says something every 15 s.
const ANSWER_MS = 15000, SILENT_MS = 40000;

async function followAgain() {
  // A stream that is refused says nothing of why, a page does.
  const tired = new AbortController();
  setTimeout(() => tired.abort(), ANSWER_MS);
  const options = { headers: { "HX-Request": "true" }, signal: tired.signal };
  const answer = await fetch("/console/queue", options).catch(() => null);
  if (answer?.status === 401) over(); else follow();
}

// Whoever has a page that hears the updates is there for alarms.
const headers = () => JSON.parse(document.body.getAttribute("hx-headers"));
function amPresent() {
  fetch("/console/present", { method: "POST", headers: headers() }).catch(() => {});
}

function follow() {
  const source = new EventSource("/console/events");
  let silence = null;
  const heard = () => { clearTimeout(silence); silence = setTimeout(anew, SILENT_MS); };
  const end = () => { source.close(); clearTimeout(silence); removeEventListener("online", anew); };
  function anew() { end(); say(document.body.dataset.offline); follow(); }
  addEventListener("online", anew);
  heard();
  const conversation = byId("messages")?.dataset.conversation;
  const about = (event) => JSON.parse(event.data);
  // Without an id it may be about any.
  const renew = (event) => {
    const { id } = about(event);
    if ([conversation, null].includes(id)) renewMessages();
    // To search again takes the server long: only for what may have gone from the page.
    if (!byId("q") || id === null || document.querySelector(`#list a[href*="/${id}"]`)) renewLists();
  };
  for (const name of ["hello", "ping", "changed", "alarm", "typing"]) source.addEventListener(name, heard);
  for (const name of ["hello", "ping"]) source.addEventListener(name, amPresent);
  source.addEventListener("hello", () => { say(""); renewMessages(); if (lists()) htmx.trigger(lists(), "renew"); });
  source.addEventListener("changed", renew);
  source.addEventListener("alarm", (event) => { renew(event); alarm(); });
  source.addEventListener("typing", (event) => { if (about(event).id === conversation) showTyping(); });
  source.addEventListener("over", () => { end(); over(); });
  source.addEventListener("error", () => {
    say(document.body.dataset.offline);
    if (source.readyState === EventSource.CLOSED) { end(); setTimeout(followAgain, 5000); }
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
  // htmx has to know the new element first.
  if (ofMessages(event)) setTimeout(fetched, 0);
  if (ofMessages(event) || moved) showOwner();
  if (!ofList(event)) badge();
});

// Somebody else moved it: what can be done with it is another. What the page was made for stands in `dataset.owner`.
function showOwner() {
  const before = moved;
  moved = byId("owner")?.dataset.owner !== document.body.dataset.owner;
  if (moved && !unsent()) return renewPage();
  if (moved !== before) say("");
}

// The page loads itself again, and says so: nobody may be there.
function renewPage() {
  const here = new URL(location.href);
  here.searchParams.set("renew", "true");
  location.replace(here);
}

const shown = () => [...document.querySelectorAll("#messages li.message")];
// On a wide screen the messages scroll by themselves, and the page stays where it is; on a phone the page does.
const scrollsItself = (log) => getComputedStyle(log).overflowY === "auto";
function showLast() {
  const log = byId("messages");
  if (log && scrollsItself(log)) log.scrollTop = log.scrollHeight;
  else shown().at(-1)?.scrollIntoView({ block: "nearest" });
}
// Who reads further up, or came for one message (#m12), stays there.
function isAtEnd() {
  const log = byId("messages"), last = shown().at(-1);
  if (location.hash || !log) return false;
  if (!last) return true;
  if (scrollsItself(log)) return log.scrollHeight - log.scrollTop - log.clientHeight <= 40;
  const end = last.getBoundingClientRect().bottom;
  return end >= 0 && end <= (byId("reply")?.getBoundingClientRect().top ?? innerHeight) + 40;
}

// The box becomes smaller where a line comes below it: who was at the end stays there.
let staysAtEnd = false;
function keepEnd(log) {
  staysAtEnd = isAtEnd();
  log.addEventListener("scroll", () => { staysAtEnd = isAtEnd(); });
  new ResizeObserver(() => { if (staysAtEnd && scrollsItself(log)) showLast(); }).observe(log);
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

// A list that is as it was stays, with what somebody has marked in it; in another the focus stays where it was.
let lastList = null, focused = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!ofList(event)) return;
  if (event.detail.serverResponse === lastList) event.detail.shouldSwap = false;
  lastList = event.detail.serverResponse;
  focused = document.activeElement;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (ofList(event) && focused?.isConnected) focused.focus({ preventScroll: true });
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
      moved = false;
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
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (ofMessages(event)) fetchLater();
    say(document.body.dataset.offline);
  });
}
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
  fetch(url, { method: "POST", headers: headers() }).catch(() => {});
});
document.addEventListener("input", () => { if (moved) showOwner(); });
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

// --- countdown of a window that closes (bot/console/web.py, Words.left, says it first) ---

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
// Who has yet to take the conversation reads first what it is about, at the top of a phone's page.
if (!location.hash && (byId("reply") || (byId("messages") && scrollsItself(byId("messages"))))) showLast();
if (byId("messages")) keepEnd(byId("messages"));
badge();
countDown();
setInterval(countDown, 20000);
