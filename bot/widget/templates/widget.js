// What the one line on a department's page loads: a button, and at its first press the chat in a frame.
(() => {
  const site = {{ site | tojson }};
  if (window.enlace) return;
  const { src, dataset: { department: id, language: wanted } } = document.currentScript;
  const { origin } = new URL(src);
  const department = site.departments[id];
  if (!department) return console.error(`Enlace: ${origin} serves no department "${id}".`);

  const served = (tag = "") => [tag, tag.split("-")[0]].find((code) => site.words[code]);
  let language = [wanted, document.documentElement.lang, ...navigator.languages, department.language].map(served).find(Boolean);

  const host = document.createElement("div"), root = host.attachShadow({ mode: "open" });
  const make = (name) => root.appendChild(document.createElement(name));
  const css = site.css.replace(/\$(\w+)/g, (_, key) => department[key]);
  // An adopted sheet is no inline style, and `!important` in here wins over the page's own.
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    // Safari before 16.4 can't make one.
    make("style").textContent = css;
  }
  const button = make("button");
  let frame, isOpen = false, unread, ready, picked;

  const emit = (event, detail) => dispatchEvent(new CustomEvent(`enlace:${event}`, { detail }));
  const say = (enlace, detail) => ready && frame.contentWindow.postMessage({ enlace, detail }, origin);

  function draw() {
    const words = site.words[language];
    button.textContent = isOpen ? words.close : unread ? words.unread : words.open;
    host.lang = language;
    // "New message" is announced.
    button.ariaLive = isOpen ? "off" : "polite";
    button.ariaExpanded = isOpen;
    if (!frame) return;
    frame.hidden = !isOpen;
    frame.title = words.open;
    // Where the frame covers the page, from its top on, nothing behind it can be reached.
    document.body.inert = isOpen && !frame.offsetTop;
  }
  function open() {
    if (isOpen) return;
    isOpen = true;
    unread = false;
    if (!ready) {
      frame ||= document.createElement("iframe");
      frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";
      frame.referrerPolicy = "no-referrer";
      frame.src = `${origin}/chat/${id}?language=${language}`;
      root.prepend(frame);
    }
    draw();
    frame.focus();
    say("open");
    emit("open");
  }
  function close() {
    if (!isOpen) return;
    isOpen = false;
    draw();
    button.focus();
    emit("close");
  }
  const away = () => location.replace(site.exit);
  function blank() {
    emit("leave");
    button.remove();
    frame.hidden = true;
    document.title = "\u200b";
    document.body.replaceChildren();
    // Whatever the frame does.
    setTimeout(away, 3000);
  }

  addEventListener("message", ({ source, origin: from, data: { enlace, detail } = {} }) => {
    if (source !== frame?.contentWindow || from !== origin) return;
    ({ close, blank, gone: away })[enlace]?.();
    if (enlace === "ready") {
      ready = frame.id = enlace;
      isOpen && say("open");
      // It may have been picked while nobody was there to be told.
      picked && say("language", picked);
    }
    if (enlace === "language") language = detail;
    if (enlace === "message") unread = !isOpen;
    if (/message|language|reset/.test(enlace)) draw(), emit(enlace, detail);
  });
  // Shift three times on the page itself, once there is something to leave.
  let presses = [];
  addEventListener("keydown", ({ key, repeat, timeStamp }) => {
    if (repeat) return;
    presses = key === "Shift" ? [timeStamp, ...presses] : [];
    if (timeStamp - presses[2] < 1000) ready ? say("leave") : frame && blank();
  });

  button.onclick = () => (isOpen ? close() : open());
  window.enlace = {
    open, close,
    toggle: button.onclick,
    setLanguage(code) { if (served(code)) { picked = language = served(code); draw(); say("language", picked); } },
    reset: () => say("reset"),
    on: (event, listener) => addEventListener(`enlace:${event}`, (told) => listener(told.detail)),
  };
  draw();
  document.documentElement.append(host);
  emit("ready");
})();
