// Every text that can be seen on the page and does not stand out as WCAG's AA asks, with its contrast.
() => {
  const parts = (colour) => {
    const numbers = colour.match(/-?[\d.]+(e-?\d+)?%?/g).map(Number);
    const scale = colour.startsWith("color(srgb") ? 255 : 1;
    const [r, g, b, a = 1] = numbers;
    return [r * scale, g * scale, b * scale, a];
  };
  const over = ([r, g, b, a], below) =>
    [r, g, b].map((one, i) => one * a + below[i] * (1 - a)).concat(1);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      const shape = each.ownerSVGElement && each.parentElement.querySelector(":scope > rect, :scope > circle");
      layers.push(parts(shape && each === element ? getComputedStyle(shape).fill : style.backgroundColor));
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const faded = (element) => {
    for (let each = element; each; each = each.parentElement) {
      if (Number(getComputedStyle(each).opacity) < 1) return true;
    }
    return false;
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();
    const hint = element.matches("input") && !element.value ? element.placeholder : "";
    if ((!text && !hint) || element.matches("script, style, title, option") || element.closest(".sr")) continue;
    if (!element.checkVisibility({ visibilityProperty: true }) || faded(element)) continue;
    const style = getComputedStyle(element, hint ? "::placeholder" : null);
    const ground = behind(element);
    const ink = over(parts(element.ownerSVGElement ? style.fill : style.color), ground);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = contrast(ink, ground);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${element.tagName} "${(text || hint).slice(0, 40)}"`);
  }
  return [...new Set(found)];
}
