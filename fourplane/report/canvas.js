// The diagram: moved, zoomed, and walked through with the arrow keys.

const picture = one("#picture");
const boxes = all(".box", picture);
const whole = picture.viewBox.baseVal;
const everything = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
const CLOSEST = 4;
const READABLE = 0.9;
let view = { ...everything };
let panelShown = "";
let moving = 0;
let by = 1;
let touched = false;

const frameOf = (element) => {
  const { x, y, width, height } = one("rect", element).getBBox();
  return { x, y, w: width, h: height };
};
const frames = new Map();
const frame = (box) => frames.get(box) ?? frames.set(box, frameOf(box)).get(box);
const scale = () => Math.min(picture.clientWidth / view.w, picture.clientHeight / view.h) || 1;

function show(next) {
  view = next;
  by = scale();
  picture.setAttribute("viewBox", `${next.x} ${next.y} ${next.w} ${next.h}`);
}

function glide(next) {
  cancelAnimationFrame(moving);
  if (calm.matches) return show(next);
  const from = { ...view };
  const start = performance.now();
  const step = (now) => {
    const t = Math.min(1, (now - start) / 260);
    const eased = 1 - (1 - t) ** 3;
    const between = (key) => from[key] + (next[key] - from[key]) * eased;
    show({ x: between("x"), y: between("y"), w: between("w"), h: between("h") });
    if (t < 1) moving = requestAnimationFrame(step);
  };
  moving = requestAnimationFrame(step);
}

// All of a panel; where that would be too small to read, its leftmost plane at a size that can be read.
function around(target, readable) {
  const room = { w: picture.clientWidth || 1, h: picture.clientHeight || 1 };
  const margin = 14;
  const wide = target.w + 2 * margin;
  const high = target.h + 2 * margin;
  const fits = Math.min(room.w / wide, room.h / high, 1.6);
  const by = readable && small.matches ? Math.max(fits, READABLE) : fits;
  const seen = { w: room.w / by, h: room.h / by };
  const start = target.start ?? target;
  const x = by > fits && seen.w < wide ? start.x - margin : target.x + target.w / 2 - seen.w / 2;
  const y = by > fits && seen.h < high ? start.y - margin : target.y + target.h / 2 - seen.h / 2;
  return { x, y, ...seen };
}

function leftmost(panel) {
  const places = all(".plane", panel).map((plane) => plane.getBBox());
  return places.sort((a, b) => a.x - b.x || a.y - b.y)[0];
}

function fit(slug, gliding = true, readable = true) {
  panelShown = slug;
  touched = false;
  const panel = slug && all(".panel", picture).find((each) => each.dataset.panel === slug);
  const next = around(panel ? { ...frameOf(panel), start: leftmost(panel) } : everything, readable && Boolean(panel));
  for (const chip of all("[data-panel-of]")) chip.setAttribute("aria-pressed", chip.dataset.panelOf === slug);
  gliding ? glide(next) : show(next);
}

function zoom(by, at = { x: view.x + view.w / 2, y: view.y + view.h / 2 }, gliding = false) {
  touched = true;
  const now = scale();
  const wanted = Math.min(CLOSEST, Math.max(0.08, now * by));
  const ratio = now / wanted;
  const next = {
    x: at.x - (at.x - view.x) * ratio,
    y: at.y - (at.y - view.y) * ratio,
    w: view.w * ratio,
    h: view.h * ratio,
  };
  gliding ? glide(next) : show(next);
}

function move(dx, dy) {
  touched = true;
  show({ ...view, x: view.x - dx / scale(), y: view.y - dy / scale() });
}

const inPicture = (event) => {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
  return { x: at.x, y: at.y };
};

// A box that is out of sight, or behind the panel, comes into it.
function reveal(box) {
  const { panel } = box.closest(".panel").dataset;
  if (panelShown && panelShown !== panel) fit(panel, false);
  const { x, y, w, h } = frame(box);
  const covered = document.body.classList.contains("open") && !small.matches ? 40 : 0;
  const inside = x >= view.x && y >= view.y && x + w + covered <= view.x + view.w && y + h <= view.y + view.h;
  if (inside || !picture.clientWidth) return;
  touched = true;
  glide({ ...view, x: x + w / 2 - view.w / 2, y: y + h / 2 - view.h / 2 });
}

function focusBox(box) {
  for (const each of boxes) each.setAttribute("tabindex", each === box ? "0" : "-1");
  box.focus({ preventScroll: true });
  reveal(box);
}

// The nearest box that lies more in that direction than to its side, of the same panel if there is one.
function beside(box, key) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const middle = ({ x, y, w, h }) => [x + w / 2, y + h / 2];
  const [x, y] = middle(frame(box));
  const ranked = boxes
    .filter((each) => each !== box)
    .map((each) => {
      const [u, v] = middle(frame(each));
      const along = (u - x) * dx + (v - y) * dy;
      const aside = Math.abs((u - x) * dy) + Math.abs((v - y) * dx);
      const elsewhere = each.closest(".panel") === box.closest(".panel") ? 0 : 5000;
      return { each, along, far: along + 2 * aside + elsewhere };
    })
    .filter(({ along }) => along > 4)
    .sort((a, b) => a.far - b.far);
  return ranked[0]?.each;
}

picture.addEventListener("keydown", (event) => {
  const box = event.target.closest(".box");
  const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (step && event.shiftKey) move(...step);
  else if (step && box) focusBox(beside(box, event.key) ?? box);
  else if (event.key === "Home") focusBox(boxes[0]);
  else if (event.key === "End") focusBox(boxes.at(-1));
  else if (event.key === "+" || event.key === "=") zoom(1.25, undefined, true);
  else if (event.key === "-") zoom(0.8, undefined, true);
  else if (event.key === "0") fit(panelShown, true, false);
  else if ((event.key === "Enter" || event.key === " ") && box) open(box.dataset.box, box);
  else return;
  event.preventDefault();
});

const touching = new Map();
let dragged = 0;
picture.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  cancelAnimationFrame(moving);
  touching.set(event.pointerId, event);
  if (touching.size === 1) dragged = 0;
});
addEventListener("pointermove", (event) => {
  const before = touching.get(event.pointerId);
  if (!before) return;
  const others = [...touching.values()].filter((each) => each.pointerId !== event.pointerId);
  if (others.length) {
    const apart = (each) => Math.hypot(each.clientX - others[0].clientX, each.clientY - others[0].clientY);
    zoom(apart(event) / (apart(before) || 1), inPicture(others[0]));
    dragged = Infinity;
  } else {
    move(event.clientX - before.clientX, event.clientY - before.clientY);
    dragged += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
  }
  picture.classList.toggle("moving", dragged > 4);
  touching.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, (event) => {
    touching.delete(event.pointerId);
    if (!touching.size) picture.classList.remove("moving");
  });
}
picture.addEventListener("click", (event) => {
  const box = event.target.closest(".box");
  if (box && dragged < 5) open(box.dataset.box, box);
});
picture.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 300), inPicture(event));
}, { passive: false });
for (const button of all("[data-zoom]")) {
  button.addEventListener("click", () => {
    if (button.dataset.zoom === "fit") fit(panelShown, true, false);
    else zoom(button.dataset.zoom === "in" ? 1.35 : 1 / 1.35, undefined, true);
  });
}
for (const chip of all("[data-panel-of]")) chip.addEventListener("click", () => fit(chip.dataset.panelOf));
new ResizeObserver(() => {
  if (!picture.clientWidth) return;
  if (!touched) return fit(panelShown, false);
  const seen = { w: picture.clientWidth / by, h: picture.clientHeight / by };
  show({ x: view.x + (view.w - seen.w) / 2, y: view.y + (view.h - seen.h) / 2, ...seen });
}).observe(picture);
picture.addEventListener("focusin", (event) => {
  if (event.target.matches(".box:focus-visible")) reveal(event.target);
});
boxes[0]?.setAttribute("tabindex", "0");
