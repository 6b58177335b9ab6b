// What a message looks like: its text with the few marks that chat apps know, its media as a sign, its choices.

import { element, labels } from "./dom.js";
import { icon } from "./icons.js";

const NAMES = { image: "photo", audio: "voice" };
const KNOWN = new Set(["photo", "video", "voice", "document", "sticker", "location", "contacts", "order"]);
const MARKS = /```([\s\S]+?)```|`([^`\n]+)`|(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])|(?<![\w_])_(\S(?:[^_\n]*\S)?)_(?![\w_])|(?<![\w~])~(\S(?:[^~\n]*\S)?)~(?![\w~])|(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/u;

export function marked(text) {
  const found = MARKS.exec(text);
  if (!found) return text ? [text] : [];
  const [whole, block, code, bold, italic, struck, url] = found;
  let made;
  if (block || code) made = element("code", "", block || code);
  else if (bold) made = element("strong", "", ...marked(bold));
  else if (italic) made = element("em", "", ...marked(italic));
  else if (struck) made = element("s", "", ...marked(struck));
  else made = link(url, url);
  return [text.slice(0, found.index), made, ...marked(text.slice(found.index + whole.length))].filter((part) => part !== "");
}

function link(url, text) {
  const made = element("a", "", text);
  made.href = url; // the server takes http and https alone
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

function nameOf(type) {
  const name = NAMES[type] || type;
  return KNOWN.has(name) ? name : "unsupported";
}

const paragraph = (kind, text) => element("p", kind, ...marked(text || ""));

export function body(message) {
  const { type, content, shown } = message;
  if (message.revoked) return [element("p", "text gone", labels.revoked)];
  if (type === "text") return [paragraph("text", content.body)];
  if (type === "template") return card(shown.header, shown.body, shown.footer);
  if (type === "interactive" && content.body) return card(content.header?.text, content.body.text, content.footer?.text);
  if (type === "interactive" || type === "button") return [element("p", "text", summary(message))];
  const name = nameOf(type);
  const label = type === "audio" && !content.voice ? "audio" : name;
  const chip = element("div", "chip", icon(name), element("span", "", labels[label]));
  const words = content.caption || content.filename || content.name || content.address;
  return words ? [chip, paragraph("text", words)] : [chip];
}

function card(header, text, footer) {
  const parts = [];
  if (header) parts.push(element("p", "strong card", header));
  parts.push(paragraph("text card", text));
  if (footer) parts.push(element("p", "small", footer));
  return parts;
}

export function summary(message) {
  const { type, content, shown } = message;
  if (message.revoked) return labels.revoked;
  if (type === "interactive") {
    return content.button_reply?.title || content.list_reply?.title || content.body?.text || "";
  }
  if (type === "button") return content.text;
  return content.body || content.caption || shown.body || labels[nameOf(type)];
}

export function choicesOf(message, { press, openList }) {
  const { content, shown } = message;
  const button = (text, act) => {
    const made = element("button", "", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };
  if (message.direction !== "in") return [];
  if (message.type === "template") {
    return (shown.buttons || []).map(({ text, payload }) => button(text, () => press(message, payload)));
  }
  const action = content.action || {};
  if (content.type === "button") {
    return action.buttons.map(({ reply }) => button(reply.title, () => press(message, reply.id)));
  }
  if (content.type === "list") return [button(`☰ ${action.button}`, () => openList(message, action))];
  if (content.type === "cta_url") return [link(action.parameters.url, `↗ ${action.parameters.display_text}`)];
  return [];
}
