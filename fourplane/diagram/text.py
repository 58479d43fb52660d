"""How wide a text is, without asking any font: a diagram is the same on every machine."""

PLAIN = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636,
    636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295,
    295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838,
    500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
    392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)  # fmt: skip
"""Thousandths of the size that DejaVu Sans gives the letters of ASCII from the space on: of the fonts that
browsers choose from the list in `svg`, it is the widest, so that a text fits in every one."""
BOLD = 1.13
"""How much wider its bold letters are: the widest ones that names are made of."""
OTHER = 838
WIDE = {"·": 318, "–": 500, "…": 1000}


def width(text: str, size: float, bold: bool = False) -> float:
    known = sum(PLAIN[ord(c) - 32] if " " <= c <= "~" else WIDE.get(c, OTHER) for c in text)
    return known * size / 1000 * (BOLD if bold else 1)


def wrapped(text: str, size: float, limit: float, bold: bool = False) -> list[str]:
    """A text in lines no wider than a limit, broken at spaces; a longer word ends in "…"."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size, bold) <= limit:
            lines[-1] += f" {word}"
        else:
            lines.append(cut(word, size, limit, bold))
    return lines


def cut(text: str, size: float, limit: float, bold: bool = False) -> str:
    if width(text, size, bold) <= limit:
        return text
    while text and width(f"{text}…", size, bold) > limit:
        text = text[:-1]
    return f"{text}…"
