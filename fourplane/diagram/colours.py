"""The case study's colours, and what can be read on them."""

COLOURS = {"edge": "#0066CC", "service": "#00AA00", "state": "#FF8800", "control": "#CC0000"}
GREY, INK, PAPER = "#5F6B76", "#16202A", "#FFFFFF"
TINT = 0.09
"""How much of its colour a plane's ground has."""


def colour(plane: str) -> str:
    return COLOURS.get(plane, GREY)


def ground(plane: str) -> str:
    """A plane's colour as a tint of the paper."""
    mixed = (round(TINT * one + (1 - TINT) * 255) for one in _parts(colour(plane)))
    return "#" + "".join(f"{one:02X}" for one in mixed)


def readable(background: str) -> str:
    """The one of ink and paper that stands out more."""
    return max((INK, PAPER), key=lambda one: contrast(one, background))


def contrast(first: str, second: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio: 4.5 is enough for any text."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    linear = [
        one / 255 / 12.92 if one / 255 <= 0.04045 else ((one / 255 + 0.055) / 1.055) ** 2.4
        for one in _parts(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue
