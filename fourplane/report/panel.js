// What is known of one component, beside whatever is shown.

const panel = one("#panel");
let opener = null;
let opened = "";

function section(title, count, children, isOpen = false) {
  const told = count == null ? "" : make("small", {}, String(count));
  return make("details", isOpen ? { open: "" } : {}, make("summary", {}, title, told), make("div", {}, children));
}

const row = (...children) => make("div", { class: "row" }, children);
const told = (text) => (text ? make("p", {}, text) : "");

function arrowRows(arrows) {
  return arrows.map((arrow) => row(
    make("div", { class: "line" },
      make("span", {}, arrow.box ? link(arrow.box) : arrow.name),
      make("code", {}, arrow.label)),
    told(arrow.ways.slice(0, 8).join(" · ") + (arrow.ways.length > 8 ? ` and ${arrow.ways.length - 8} more` : "")),
  ));
}

function chips(ids) {
  return make("div", { class: "chips" }, ids.map((id) =>
    make("button", { class: "chip", "data-open": id }, data.boxes[id].title)));
}

function faultRows(box) {
  return data.stack.faults.map(({ key, title }) => {
    const { state, parts } = box.faults[key];
    if (!state) return "";
    const word = state === "apart" ? "in no zone" : state;
    const worst = parts.filter((part) => part[1] !== "works");
    const shownParts = (worst.length ? worst : parts).slice(0, 4);
    const lines = state === "lost" ? told(worst[0][2]) : shownParts.map(([name, , has, needs, why]) =>
      told(`${parts.length > 1 ? `${name}: ` : ""}${has}; needs ${needs}${why ? ` (${why})` : ""}`));
    return row(
      make("div", { class: "line" }, make("span", {}, `Without ${title}`),
        make("span", { class: "state", "data-state": state }, `${SIGNS[state] ?? "–"} ${word}`)),
      lines);
  });
}

function lossSection(id, box) {
  const { direct, beyond } = box.loss;
  const answer = direct.length
    ? [told(`If nothing of it answered, ${many(direct.length, "component")} would call in vain:`), chips(direct)]
    : [make("p", {}, "Nothing in the stack calls it.")];
  if (beyond.length) answer.push(told("And through them:"), chips(beyond));
  if (direct.length && shown(id).length) {
    const button = make("button", { class: "action", "aria-pressed": "false", onclick: () => {
      const pressed = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", pressed);
      if (pressed) choose("diagram");
      markLoss(pressed ? id : "");
    } }, "Show in the diagram");
    answer.push(button);
  }
  return section("What its loss would do", null, [faultRows(box), row(answer)], true);
}

function alarmRows(box) {
  return box.alarms.map((alarm) => row(
    make("b", {}, alarm.name), told(alarm.says), told(alarm.why),
    alarm.of && alarm.of !== opened ? make("p", {}, "of ", link(alarm.of)) : "",
    alarm.tells.length ? make("p", {}, "tells ", alarm.tells.map((id) => link(id))) : ""));
}

function costRows(box) {
  const paid = box.resources.filter((resource) => resource.usd || resource.unpriced);
  const rows = paid.sort((a, b) => b.usd - a.usd).map((resource) => row(
    make("div", { class: "line" }, make("span", {}, `${resource.kind} ${resource.name}`),
      make("b", {}, resource.unpriced ? "no price" : dollars(resource.usd))),
    told(resource.unpriced),
    resource.lines.filter((line) => line.monthly_usd).map((line) => told(
      `${line.quantity.toLocaleString("en-US")} ${line.unit} × $${line.usd_per_unit} ${line.price}`)),
  ));
  const free = box.resources.filter((resource) => resource.free && !resource.usd).length;
  return free ? [...rows, row(told(`${many(free, "resource")} cost nothing.`))] : rows;
}

function ruleRows(box) {
  return box.rules.map((rule) => row(
    make("b", {}, `${rule.level}: ${rule.name}`), told(rule.message),
    make("p", {}, `Mend: ${rule.mend.text} `,
      rule.mend.url && make("a", { href: rule.mend.url, rel: "noreferrer noopener" }, "page")),
    make("p", {}, make("code", {}, rule.rule))));
}

function resourceRow(resource) {
  const settings = () => make("dl", { class: "settings" }, resource.settings.flatMap(([key, text]) => [
    make("dt", {}, key),
    make("dd", {}, make("pre", text.length > 900 ? { tabindex: "0" } : {}, text))]));
  const facts = [resource.region, resource.protect && "protected", resource.simulated && "simulated in the sandbox",
    resource.at].filter(Boolean).join(" · ");
  const inside = make("div");
  return make("details", { class: "resource", "data-urn": resource.urn, ontoggle: () => {
    if (!inside.childElementCount) inside.append(told(facts), make("p", { class: "urn" }, resource.urn), settings());
  } }, make("summary", {}, make("span", { class: "soft" }, resource.kind), ` ${resource.name}`), inside);
}

function facts(box) {
  const known = [
    ...(box.usd == null ? [] : [["a month", dollars(box.usd)]]),
    ["resources", box.resources.length],
    ["arrows in", box.in.length],
    ["arrows out", box.out.length],
  ];
  return make("dl", { class: "facts" }, known.map(([key, value]) =>
    make("div", {}, make("dt", {}, key), make("dd", {}, String(value)))));
}

function render(id) {
  const box = data.boxes[id];
  const sections = [
    lossSection(id, box),
    box.in.length && section("Arrows in", box.in.length, arrowRows(box.in), true),
    box.out.length && section("Arrows out", box.out.length, arrowRows(box.out), true),
    section("Alarms", box.alarms.length, box.alarms.length ? alarmRows(box) : told("None looks at it.")),
    box.usd != null && section("Monthly cost", dollars(box.usd), costRows(box)),
    data.stack.asked && section("Rules", box.rules.length ? `${box.rules.length} broken` : "none broken",
      box.rules.length ? ruleRows(box) : told(`${data.stack.asked} rules were asked.`), box.rules.length > 0),
    section("Resources", box.resources.length, box.resources.map(resourceRow)),
  ];
  panel.replaceChildren(
    make("header", {},
      make("p", {}, planeOf(box.plane), " ", make("span", { class: "soft" }, box.kind)),
      make("h2", { id: "panel-title", tabindex: "-1" }, box.title),
      make("p", { class: "soft" }, [box.technology, box.scale].filter(Boolean).join(" · "))),
    make("button", { class: "close", "aria-label": "Close", onclick: close }, "×"),
    facts(box),
    box.nodes.length ? make("p", { class: "says" }, `In the case study: ${box.nodes.join(", ")}`) : "",
    ...sections.filter(Boolean));
}

function open(id, from = document.activeElement, urn = "") {
  if (!data.boxes[id]) return;
  if (!panel.contains(from)) opener = from;
  markLoss("");
  opened = id;
  render(id);
  panel.hidden = false;
  panel.scrollTop = 0;
  document.body.classList.add("open");
  pick(id);
  if (!from?.closest?.(".box")) soon(() => opened === id && lead(id));
  remember(`box=${encodeURIComponent(id)}`);
  if (urn) return showResource(urn);
  one("#panel-title").focus({ preventScroll: true });
}

// After the page has made room for the panel.
const soon = (then) => requestAnimationFrame(() => requestAnimationFrame(then));

function lead(id) {
  const known = shown(id);
  const box = known.find((each) => each.closest(".panel").dataset.panel === panelShown) ?? known[0];
  if (box) reveal(box);
}

function showResource(urn) {
  const row = all(".resource", panel).find((each) => each.dataset.urn === urn);
  if (!row) return;
  row.closest("#panel > details").open = true;
  row.open = true;
  one("summary", row).focus();
  row.scrollIntoView({ block: "start" });
}

function close() {
  if (panel.hidden) return;
  const id = opened;
  opened = "";
  panel.hidden = true;
  document.body.classList.remove("open");
  markLoss("");
  pick("");
  remember("");
  const back = opener?.isConnected && opener !== document.body ? opener : shown(id)[0];
  if (back?.classList.contains("box")) focusBox(back);
  else back?.focus();
}
