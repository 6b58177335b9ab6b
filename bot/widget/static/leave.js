// Leaving fast: first nothing is seen any more, then nothing is left, then another page.

import { $, call, data, framed, tell, wipe } from "./page.js";

const WITHIN_MS = 1000, ERASE_MS = 1000;
let others = null;
export let leaving = false;
// The button would send its form.
$("leave").addEventListener("click", (event) => { event.preventDefault(); leave(); });

export async function leave(everywhere = true) {
  if (leaving) return;
  leaving = true;
  document.body.replaceChildren();
  document.title = "\u200b";
  tell("blank");
  // The same chat in a second tab.
  if (everywhere) others?.postMessage("leave");
  const erasing = wipe().map(({ id, token }) => call("POST", `/api/conversations/${id}/leave`, undefined, { token, keepalive: true }).catch(() => {}));
  // The requests outlive the page; a moment's wait only makes it likelier that they are through.
  await Promise.race([Promise.all(erasing), new Promise((resolve) => setTimeout(resolve, ERASE_MS))]);
  if (framed) tell("gone");
  else location.replace(data.exit);
}

// Where storage is forbidden, a browser may forbid this, too; older ones don't have it. Then only this tab is left.
try {
  others = new BroadcastChannel("enlace");
  others.onmessage = () => leave(false);
} catch {}

// Shift three times. Not Escape: it closes too much else. Not within longer: NVDA and sticky keys use Shift, too.
let presses = [];
addEventListener("keydown", (event) => {
  if (event.repeat) return;
  presses = event.key === "Shift" ? [event.timeStamp, ...presses] : [];
  if (event.timeStamp - presses[2] < WITHIN_MS) leave();
});

// A page that the browser kept whole, and shows again at Back.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
