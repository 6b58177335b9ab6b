// How one message looks: its words, the published words it stands on, and what can be done next.

import { about, data, element, word } from "./page.js";
import { consent, invitations, thanks, yesOrNo } from "./person.js";

const time = (at, language) => new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(new Date(at));
const day = (date, language) => new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" }).format(new Date(date));

const KINDS = { unreviewed: "unofficial", reviewed: "reviewed_translation", official: "official_translation" };
const small = (...children) => element("p", { class: "small" }, ...children);

// What is said of a source, in the order in which it is said.
function facts(source, language) {
  const say = (key) => word(key, language);
  return {
    kind: source.translation && say(KINDS[source.translation_status]),
    publisher: source.publisher, title: source.title, section: source.section_title,
    date: source.effective ? `${say("effective")}: ${day(source.effective, language)}`
      : source.published ? `${say("published")}: ${day(source.published, language)}` : say("undated"),
    note: source.note, url: source.url,
  };
}

function told({ publisher, title, section, date, note, url }) {
  const line = [publisher, title, section, date].filter(Boolean).join(" · ");
  const link = url && element("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, url);
  return [line, note, link].filter(Boolean).map((part) => small(part));
}

// Each source a block of its own; what is the same for all of them is said once: of translations first, the rest at the end.
function sources(citations, language) {
  const summary = element("summary", {}, `${word("sources", language)} (${new Intl.NumberFormat(language).format(citations.length)})`);
  const all = citations.map((source) => facts(source, language)), once = {};
  if (all[1]) for (const key in all[0]) if (all.every((each) => each[key] === all[0][key])) once[key] = all[0][key];
  const blocks = citations.map((source, index) => {
    const own = { ...all[index] };
    for (const key in once) delete own[key];
    const translated = source.translation
      ? [element("blockquote", { lang: language }, source.translation), ...(own.kind ? [small(own.kind)] : []), small(word("original", language))] : [];
    return element("div", { class: "source" }, ...translated, element("blockquote", { lang: source.language }, source.quote), ...told(own));
  });
  const rest = told(once);
  return element("details", {}, summary, ...(once.kind ? [small(once.kind)] : []), ...blocks, ...(rest.length ? [element("div", { class: "source" }, ...rest)] : []));
}

const helpful = (number) => yesOrNo("was_helpful", (yes) => about(`/messages/${number}/helpful`, "POST", { helpful: yes }));

// Each in its own direction: somebody may write in a language that isn't served. Lines that begin with a bullet are a list, and
// the one before them says of what.
export const paragraphs = (text) => text.split("\n\n").flatMap((part) => {
  const own = (name, said) => element(name, { dir: "auto" }, said);
  const [head, ...items] = `\n${part}`.split("\n• ");
  if (!items.length) return [own("p", part)];
  const lines = head.trim().split("\n"), title = lines.pop();
  return [
    ...(lines.length ? [own("p", lines.join("\n"))] : []), ...(title ? [own("p", element("strong", {}, title))] : []),
    element("ul", {}, ...items.map((item) => own("li", item))),
  ];
});

// A link; what it leads to is said before it, where the words above haven't.
function step({ label, value, href }, text) {
  const about = value && label.slice(0, -value.length).trim();
  const link = element("a", { class: "step", href, rel: "noreferrer noopener", target: href.startsWith("https:") ? "_blank" : null, "aria-label": about ? label : null }, value || label);
  return about && !text.includes(label) ? [small(about), link] : [link];
}

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
  const links = reply.steps.filter(({ href }) => href).flatMap((each) => step(each, text));
  const choices = asks ? [] : reply.choices.map((choice) => element("button", { type: "button", onclick: () => press(choice) }, choice.label));
  if (links.length || choices.length) node.append(element("div", { class: "choices" }, ...links, ...choices));
  if (reply.forms.length) node.append(invitations(reply.forms, showReply));
  if (number && reply.topic && ["answer", "no_answer"].includes(reply.kind)) node.append(typeof given === "boolean" ? thanks() : helpful(number));
  return node;
}
