// What is marked in the diagram: a component's own arrows, a fault, and who calls what is gone.

const SIGNS = { works: "✓", degraded: "!", broken: "✕", lost: "✕", unknown: "?" };
const shown = (id) => boxes.filter((box) => box.dataset.box === id);

function pick(id) {
  picture.classList.toggle("picked", shown(id).length > 0);
  const near = new Set([id]);
  for (const arrow of all(".panel .arrow", picture)) {
    const { from, to } = arrow.dataset;
    arrow.classList.toggle("near", from === id || to === id);
    if (from === id || to === id) near.add(from).add(to);
  }
  for (const box of boxes) {
    box.setAttribute("aria-expanded", box.dataset.box === id);
    box.classList.toggle("near", near.has(box.dataset.box));
  }
}

function markLoss(id) {
  const loss = id ? data.boxes[id].loss : { direct: [], beyond: [] };
  picture.classList.toggle("hit", Boolean(id));
  const hurt = new Set([id, ...loss.direct, ...loss.beyond]);
  for (const arrow of all(".panel .arrow", picture)) {
    arrow.classList.toggle("hurt", Boolean(id) && hurt.has(arrow.dataset.from) && hurt.has(arrow.dataset.to));
  }
  for (const box of boxes) {
    box.classList.toggle("gone", box.dataset.box === id);
    box.classList.toggle("direct", loss.direct.includes(box.dataset.box));
    box.classList.toggle("beyond", loss.beyond.includes(box.dataset.box));
  }
}

function badge(box, state) {
  const { x, y, w } = frame(box);
  const svg = (tag, given, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const made = svg("g", { class: "badge", "data-state": state, "aria-hidden": "true" });
  made.append(svg("circle", { cx: x + w, cy: y, r: 9 }), svg("text", { x: x + w, y: y + 4 }, SIGNS[state]));
  return made;
}

function strike(key) {
  picture.classList.toggle("struck", Boolean(key));
  for (const mark of all(".badge", picture)) mark.remove();
  for (const box of boxes) {
    const state = key ? data.boxes[box.dataset.box].faults[key].state : "";
    if (SIGNS[state]) {
      box.dataset.state = state;
      box.append(badge(box, state));
    } else delete box.dataset.state;
  }
  const verdict = one("#verdict");
  const fault = data.stack.faults.find((each) => each.key === key);
  verdict.textContent = fault ? `Without ${fault.title}: ${fault.told}` : "";
  verdict.dataset.survives = fault?.survives ? "yes" : "no";
}

one("#strike")?.addEventListener("change", (event) => strike(event.target.value));
