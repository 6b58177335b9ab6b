// How one message looks: its words, the published words it stands on, and what can be done next.

import { about, data, element, word } from "./page.js";
import { consent, invitations, thanks, yesOrNo } from "./person.js";

const time = (at, language) => new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(new Date(at));
const day = (date, language) => new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" }).format(new Date(date));

function citation(source, language) {
  const say = (key) => word(key, language);
  const small = (...children) => element("p", { class: "small" }, ...children);
  const date = source.effective ? `${say("effective")}: ${day(source.effective, language)}`
    : source.published ? `${say("published")}: ${day(source.published, language)}` : say("undated");
  const parts = [];
  if (source.translation) {
    const kind = { unreviewed: "unofficial", reviewed: "reviewed_translation", official: "official_translation" }[source.translation_status];
    parts.push(element("blockquote", { lang: language }, source.translation), small(say(kind)), small(say("original")));
  }
  parts.push(element("blockquote", { lang: source.language }, source.quote));
  parts.push(small([source.publisher, source.title, source.section_title, date].filter(Boolean).join(" · ")));
  if (source.note) parts.push(small(source.note));
  if (source.url) parts.push(small(element("a", { href: source.url, target: "_blank", rel: "noreferrer noopener" }, source.url)));
  return parts;
}

function sources(citations, language) {
  const summary = element("summary", {}, `${word("sources", language)} (${new Intl.NumberFormat(language).format(citations.length)})`);
  return element("details", {}, summary, ...citations.flatMap((source) => citation(source, language)));
}

const helpful = (number) => yesOrNo("was_helpful", (yes) => about(`/messages/${number}/helpful`, "POST", { helpful: yes }));

// Each in its own direction: somebody may write in a language that isn't served.
export const paragraphs = (text) => text.split("\n\n").map((part) => element("p", { dir: "auto" }, part));

// `last`: whether it is the newest, which alone may ask to pass something on. `press(choice)` sends a button.
export function draw({ number, author, text, language, reply, name, at, helpful: given }, { last, press, showReply }) {
  const who = element("div", { class: "who" }, name || word(author === "resident" ? "you" : "enlace", language));
  if (at) who.append(" · ", element("time", { datetime: at }, time(at, language)));
  // A screen reader says each message of the other side once; one's own words it has said already.
  const quiet = author === "resident" ? "off" : null;
  const node = element("div", { class: `message ${author} ${reply ? reply.kind : ""}`, lang: language, dir: data.directions[language] ?? null, "aria-live": quiet }, who);
  node.append(...paragraphs(text));
  if (!reply) return node;
  if (reply.reviewed === false) node.append(element("p", { class: "small" }, word("unreviewed", language)));
  if (reply.citations.length) node.append(sources(reply.citations, language));
  const asks = Boolean(reply.handoff);
  if (asks && last) node.append(consent(reply.handoff, language, showReply, () => press({ send: "/press_stay", label: word("stay") })));
  const links = reply.steps.filter((step) => step.href).map((step) =>
    element("a", { class: "step", href: step.href, rel: "noreferrer noopener", target: step.href.startsWith("https:") ? "_blank" : null }, step.label));
  const choices = asks ? [] : reply.choices.map((choice) => element("button", { type: "button", onclick: () => press(choice) }, choice.label));
  if (links.length || choices.length) node.append(element("div", { class: "choices" }, ...links, ...choices));
  if (reply.forms.length) node.append(invitations(reply.forms, showReply));
  if (number && reply.topic && ["answer", "no_answer"].includes(reply.kind)) node.append(typeof given === "boolean" ? thanks() : helpful(number));
  return node;
}
