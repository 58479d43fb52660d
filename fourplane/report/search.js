// Search over components, resources, claims and rules.

const find = one("#find");
const found = one("#found");
const MOST = 40;
let options = [];
let at = -1;

const known = [
  ...Object.entries(data.boxes).map(([id, box]) => ({
    what: "component", name: box.title, more: [box.kind, box.technology, box.scale].filter(Boolean).join(" · "),
    text: [id, box.plane, ...box.nodes].join(" "), go: () => open(id),
  })),
  ...all("[data-claim]").map((line) => ({
    what: "claim", name: line.dataset.claim, more: "", text: "", go: () => goTo("study", line),
  })),
  ...all(".rules tbody tr").map((line) => ({
    what: "rule", name: one("th", line).lastChild.textContent.trim(), more: "", text: line.id,
    go: () => goTo("rules", line),
  })),
  ...Object.entries(data.boxes).flatMap(([id, box]) => box.resources.map((resource) => ({
    what: "resource", name: `${resource.kind} ${resource.name}`, more: `in ${box.title}`, text: "",
    go: () => open(id, document.activeElement, resource.urn),
  }))),
].map((entry) => ({ ...entry, text: `${entry.name} ${entry.more} ${entry.text}`.toLowerCase() }));

function matches(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const rank = (entry) => (entry.name.toLowerCase().startsWith(words[0]) ? 0 : 1);
  return known
    .map((entry, place) => ({ entry, place }))
    .filter(({ entry }) => words.every((word) => entry.text.includes(word)))
    .sort((a, b) => rank(a.entry) - rank(b.entry) || a.place - b.place)
    .map(({ entry }) => entry);
}

function list() {
  const query = find.value.trim();
  const hits = matches(query);
  options = hits.slice(0, MOST);
  at = options.length ? 0 : -1;
  found.replaceChildren(...options.map((entry, place) => make("li", {
    role: "option", id: `hit-${place}`, "aria-selected": place === at,
    onmousedown: (event) => event.preventDefault(), onclick: () => choosen(place),
  }, make("span", {}, entry.what), make("div", {}, make("b", {}, entry.name), entry.more && make("small", {}, entry.more)))));
  if (hits.length > MOST) found.append(make("li", { class: "none", role: "presentation" }, `and ${hits.length - MOST} more`));
  if (query && !hits.length) found.append(make("li", { class: "none", role: "presentation" }, "Nothing is called so."));
  found.hidden = !query;
  find.setAttribute("aria-expanded", String(!found.hidden));
  mark();
}

function mark() {
  for (const [place, line] of all("[role=option]", found).entries()) {
    line.setAttribute("aria-selected", place === at);
    if (place === at) line.scrollIntoView({ block: "nearest" });
  }
  if (at >= 0 && !found.hidden) find.setAttribute("aria-activedescendant", `hit-${at}`);
  else find.removeAttribute("aria-activedescendant");
}

function hide() {
  found.hidden = true;
  find.setAttribute("aria-expanded", "false");
  mark();
}

function choosen(place) {
  const entry = options[place];
  hide();
  entry?.go();
}

find.addEventListener("input", list);
find.addEventListener("focus", () => find.value.trim() && list());
find.addEventListener("blur", hide);
find.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (found.hidden) list();
    else at = (at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % (options.length || 1);
    mark();
  } else if (event.key === "Enter") choosen(at);
  else if (event.key === "Escape") {
    event.stopPropagation();
    if (found.hidden) find.value = "";
    hide();
    if (!find.value) find.blur();
  } else return;
  event.preventDefault();
});
