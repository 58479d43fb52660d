// The page as a whole: its views, its address, light and dark, and the keys that work everywhere.

const tabs = all("[role=tab]");

function choose(view, focusing = false) {
  const tab = tabs.find((each) => each.getAttribute("aria-controls") === view) ?? tabs[0];
  for (const each of tabs) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", chosen);
    each.setAttribute("tabindex", chosen ? "0" : "-1");
    one(`#${each.getAttribute("aria-controls")}`).hidden = !chosen;
  }
  tab.scrollIntoView({ inline: "center", block: "nearest" });
  if (focusing) tab.focus();
}

function goTo(view, line) {
  if (small.matches) close();
  choose(view);
  for (const each of all("tr.shown")) each.classList.remove("shown");
  line.classList.add("shown");
  line.focus({ preventScroll: true });
  line.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
}

// The address says what is shown, so that it can be sent to someone.
function remember(hash) {
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

function follow() {
  const hash = location.hash.slice(1);
  if (hash.startsWith("box=")) open(decodeURIComponent(hash.slice(4)));
  else if (hash.startsWith("view=")) choose(hash.slice(5));
}

for (const tab of tabs) {
  tab.addEventListener("click", () => {
    choose(tab.getAttribute("aria-controls"));
    if (panel.hidden) remember(`view=${tab.getAttribute("aria-controls")}`);
  });
}
one("[role=tablist]").addEventListener("keydown", (event) => {
  const now = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
  const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  choose(tabs[(next + tabs.length) % tabs.length].getAttribute("aria-controls"), true);
});

document.addEventListener("click", (event) => {
  const from = event.target.closest("[data-open]");
  if (from) open(from.dataset.open, from);
});
document.addEventListener("keydown", (event) => {
  const writing = event.target.matches("input, select, textarea");
  if (event.key === "Escape") close();
  else if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    find.focus();
    find.select();
  }
});
addEventListener("hashchange", follow);

const theme = one("#theme");
const night = matchMedia("(prefers-color-scheme: dark)");
const kept = {
  get: () => { try { return localStorage.getItem("fourplane-theme"); } catch { return null; } },
  set: (value) => { try { localStorage.setItem("fourplane-theme", value); } catch { /* a page of a file may keep nothing */ } },
};
function paint(chosen) {
  if (chosen) document.documentElement.dataset.theme = chosen;
  theme.setAttribute("aria-pressed", (chosen ?? (night.matches ? "dark" : "light")) === "dark");
}
theme.addEventListener("click", () => {
  const next = theme.getAttribute("aria-pressed") === "true" ? "light" : "dark";
  paint(next);
  kept.set(next);
});
night.addEventListener("change", () => paint(kept.get()));
paint(kept.get());

fit(data.stack.panels[0]?.slug ?? "", false);
follow();
