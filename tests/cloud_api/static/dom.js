// Elements, and the page's own words.

export const labels = JSON.parse(document.body.dataset.labels);

export function element(name, kind = "", ...parts) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...parts); // strings become text
  return made;
}
