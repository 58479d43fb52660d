// What the other parts stand on: the data, and elements made without any markup in texts.

const data = JSON.parse(document.getElementById("data").textContent);
const one = (selector, around = document) => around.querySelector(selector);
const all = (selector, around = document) => [...around.querySelectorAll(selector)];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const small = matchMedia("(max-width: 720px)");

function make(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== "" && child != null && child !== false));
  return made;
}

const dollars = (usd) =>
  `$${usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
const many = (count, what) => `${count || "no"} ${what}${count === 1 ? "" : "s"}`;
const planeOf = (name) => make("span", { class: "plane-chip", "data-plane": name }, name);
const link = (id, text = data.boxes[id].title) => make("button", { class: "link", "data-open": id }, text);
