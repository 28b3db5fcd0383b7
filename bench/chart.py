"""Curves over seconds as an SVG that reads on light and on dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 180
LEFT, RIGHT, TOP, GAP = 70, 20, 50, 50
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .grid { stroke: #d0d7de } .curve { fill: none; stroke: #0b5cad; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .grid { stroke: #444c56 } .curve { stroke: #6cb6ff }
  }
"""


@dataclass(frozen=True)
class Curve:
    """One value for each second."""

    name: str
    values: Sequence[int]


def draw(title: str, curves: Sequence[Curve], *, across: str) -> str:
    """The curves one below the other, each with its own scale from 0."""
    whole = LEFT + WIDTH + RIGHT
    tall = TOP + len(curves) * (HEIGHT + GAP)
    parts = [_panel(one, TOP + n * (HEIGHT + GAP), across) for n, one in enumerate(curves)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {tall}" role="img" '
        f'aria-label="{escape(title)}">\n<style>{STYLE}</style>\n'
        f'<text x="{LEFT}" y="20">{escape(title)}</text>\n{"".join(parts)}</svg>\n'
    )


def _panel(curve: Curve, top: int, across: str) -> str:
    highest, last = max([1, *curve.values]), max(1, len(curve.values) - 1)
    bottom = top + HEIGHT
    points = " ".join(
        f"{LEFT + WIDTH * n / last:.1f},{bottom - HEIGHT * value / highest:.1f}"
        for n, value in enumerate(curve.values)
    )
    return "".join(
        [
            f'<text x="{LEFT}" y="{top - 8}">{escape(curve.name)}</text>\n',
            *(_line(bottom - HEIGHT * n / 4, highest * n / 4) for n in range(5)),
            f'<polyline class="curve" points="{points}"/>\n',
            *(_tick(LEFT + WIDTH * n / 6, bottom + 16, last * n / 6) for n in range(7)),
            f'<text x="{LEFT + WIDTH}" y="{bottom + 34}" text-anchor="end">{escape(across)}'
            "</text>\n",
        ]
    )


def _line(y: float, value: float) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.0f}</text>\n'
    )


def _tick(x: float, y: float, second: float) -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{second:.0f}</text>\n'
