// What the parts of the page share: its words, the conversation of this tab, the way to the API.

export const $ = (id) => document.getElementById(id);
export const data = JSON.parse($("data").textContent);
export const log = $("log");
export const picker = $("language");
export const framed = window.parent !== window;

export const word = (key, language = picker.value) => (data.words[language] || data.words[picker.value])[key];

// Every word of a person is set as text, never as markup.
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

// Words of the page itself follow the picker at any moment; those of a message stay in its language.
export const label = (name, key, attributes = {}) => element(name, { "data-word": key, lang: picker.value, ...attributes }, word(key));

export function say(key, className = "") {
  const node = $("status");
  node.className = className;
  node.replaceChildren(...(key ? [label("span", key)] : []));
  return node;
}

// --- the conversation of this tab ---

const KEY = `enlace:${data.department}`;

// A browser may forbid storage in a frame: then the page forgets at a reload, says so, and works all the same.
function storage(act) {
  try { return act(sessionStorage); } catch { return null; }
}
export const keeps = storage(() => true);

export const tab = {
  id: null, token: null, unsent: [],
  ...JSON.parse(storage((kept) => kept.getItem(KEY)) || "{}"),
  keep(changes) {
    Object.assign(this, changes);
    storage((kept) => kept.setItem(KEY, JSON.stringify({ id: this.id, token: this.token, unsent: this.unsent })));
  },
  // For the page of another department.
  keepFor(department, id, token) {
    storage((kept) => kept.setItem(`enlace:${department}`, JSON.stringify({ id, token, unsent: [] })));
  },
  forget() {
    this.keep({ id: null, token: null, unsent: [] });
    storage((kept) => kept.removeItem(KEY));
  },
};

// Every conversation that this tab has, those of other departments too; afterwards it has none.
export function wipe() {
  const kept = storage((all) => Object.keys(all).filter((key) => key.startsWith("enlace:")).map((key) => JSON.parse(all.getItem(key)))) || [];
  if (!kept.length) kept.push({ id: tab.id, token: tab.token });
  Object.assign(tab, { id: null, token: null, unsent: [] });
  storage((all) => all.clear());
  return kept.filter((each) => each.id);
}

// --- the API ---

// A connection may be dead and not say so; on a stream the server says something every 15 s.
const ANSWER_MS = 30000, SILENT_MS = 40000, LATE_MS = 30000;

export async function call(method, path, body, options = {}) {
  const headers = { "Accept-Language": picker.value };
  if (body) headers["Content-Type"] = "application/json";
  const token = options.token || tab.token;
  if (token) headers.Authorization = `Bearer ${token}`;
  const tired = new AbortController();
  setTimeout(() => tired.abort(), ANSWER_MS);
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), keepalive: options.keepalive, signal: tired.signal });
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error.message), { known: answer.error });
  return answer;
}

export const about = (path, method = "POST", body = undefined) => call(method, `/api/conversations/${tab.id}${path}`, body);

// Does `work` for one event at a time: a double tap is one. Not disabled meanwhile: that would lose the focus.
export function once(work) {
  let busy = false;
  return async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    try { await work(event); } catch (error) { complain(error); }
    busy = false;
  };
}

export function complain(error) {
  if (error.known) say("", "problem").append(element("span", { lang: picker.value }, error.message));
  else say("offline", "problem");
}

// An EventSource can't send the token, so the stream is read by hand. It goes on after the last message that came.
export async function follow(id, after, on) {
  let wait = 1000;
  while (tab.id === id) {
    const silent = new AbortController();
    const end = () => silent.abort();
    let silence = setTimeout(end, SILENT_MS);
    addEventListener("online", end, { once: true, signal: silent.signal });
    try {
      const headers = { Authorization: `Bearer ${tab.token}`, "Last-Event-ID": String(after()) };
      const response = await fetch(`/api/conversations/${id}/events`, { headers, signal: silent.signal });
      if (response.status === 401) return on("over");
      if (!response.ok) throw response.status;
      const reader = response.body.getReader(), decoder = new TextDecoder();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        clearTimeout(silence);
        if (done || tab.id !== id) { reader.cancel(); break; }
        silence = setTimeout(end, SILENT_MS);
        wait = 1000;
        text += decoder.decode(value, { stream: true }).replaceAll("\r", "");
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const field = (name) => event.split("\n").filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
          // Newer tabs have taken its place: not at once, or they would take each other's for ever.
          if (field("event") === "elsewhere") wait = LATE_MS;
          else if (field("event")) on(field("event"), JSON.parse(field("data")));
        }
      }
    } catch {
      // No connection: again, later and later, and at once when the browser says that it is back.
    }
    clearTimeout(silence);
    end();
    await new Promise((resolve) => {
      setTimeout(resolve, wait);
      addEventListener("online", resolve, { once: true });
    });
    wait = Math.min(wait * 2, LATE_MS);
  }
}

// Into sight, if it is out of it.
export const reveal = (node) => node.scrollIntoView({ block: "nearest" });

// What was pressed is gone: focus goes to what stands in its place, else to the messages.
export function focus(node = log) {
  if (node !== log) {
    node.tabIndex = -1;
    reveal(node);
  }
  node.focus({ preventScroll: true });
}

// What the page around the frame is told: that something happened, never what was said.
export function tell(event, detail) {
  if (framed) window.parent.postMessage({ enlace: event, detail }, "*");
}
