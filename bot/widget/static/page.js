// What the parts of the page share: its words, the conversation of this tab, the way to the API.

export const data = JSON.parse(document.getElementById("data").textContent);
export const picker = { department: document.getElementById("department"), language: document.getElementById("language") };
export const log = document.getElementById("log");
export const status = document.getElementById("status");

export const word = (key, language = picker.language.value) => (data.words[language] || data.words[picker.language.value])[key];

// Every word of a person is set as text, never as markup.
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick" || key === "onsubmit") node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export const tab = {
  conversation: JSON.parse(sessionStorage.getItem("conversation") || "null"),
  keep(conversation) {
    this.conversation = conversation;
    if (conversation) sessionStorage.setItem("conversation", JSON.stringify(conversation));
    else sessionStorage.removeItem("conversation");
  },
};

export async function call(method, path, body) {
  const headers = { "Accept-Language": picker.language.value };
  if (body) headers["Content-Type"] = "application/json";
  if (tab.conversation) headers.Authorization = `Bearer ${tab.conversation.token}`;
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error.message), { known: answer.error });
  return answer;
}

export const about = (path, method = "POST", body = undefined) =>
  call(method, `/api/conversations/${tab.conversation.id}${path}`, body);

export const complain = (error) => { status.textContent = error.known ? error.message : word("offline"); };

// --- live ---

// An EventSource can't send the token, so the stream is read by hand. It goes on after the last message that came.
export async function follow(conversation, after, on) {
  let last = after(), wait = 1000;
  while (tab.conversation && tab.conversation.id === conversation.id) {
    try {
      const headers = { Authorization: `Bearer ${conversation.token}`, "Last-Event-ID": String(last) };
      const response = await fetch(`/api/conversations/${conversation.id}/events`, { headers });
      if (response.status === 401) return;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      wait = 1000;
      for (;;) {
        const { value, done } = await reader.read();
        if (done || tab.conversation?.id !== conversation.id) { reader.cancel(); break; }
        text += value.replaceAll("\r", "");
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const field = (name) => event.split("\n").filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
          if (!field("event")) continue;
          if (field("id")) last = Math.max(last, Number(field("id")));
          on(field("event"), JSON.parse(field("data")));
        }
      }
    } catch { /* no connection: again, later and later */ }
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, 30000);
  }
}
