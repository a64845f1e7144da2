"""The ratios of a run as a picture: SVG without any help, for a light and for a dark page."""
import math
from html import escape

from lib.rows import COLUMNS

_BAR, _GAP, _LEFT, _RIGHT, _PLOT, _TOP = 11, 10, 110, 70, 620, 64
_TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
# One colour a column, always the same one, for light pages and for dark ones.
_LIGHT = ("#0b6bcb", "#6ea8de", "#555555", "#a0a0a0", "#c2410c", "#a16207", "#7e22ce", "#15803d", "#be185d", "#0e7490")
_DARK = ("#5aa9f7", "#2f6fae", "#c8c8c8", "#8a8a8a", "#fb8c57", "#e3b341", "#c792f5", "#56c271", "#f472b6", "#4fc3d9")


_NUMBERS = {column: number for number, column in enumerate(name for name in COLUMNS if name != "native")}


def _style():
    def colours(palette):
        return "".join(f".c{i}{{fill:{palette[i % len(palette)]}}}" for i in _NUMBERS.values())
    return ("text{font:12px system-ui,sans-serif;fill:#222}.small{font-size:10px}.ground{fill:#fff}"
            ".rule{stroke:#ddd}.one{stroke:#222}.spread{stroke:#222;stroke-width:1.2}" + colours(_LIGHT) +
            "@media(prefers-color-scheme:dark){text{fill:#ddd}.ground{fill:#181818}.rule{stroke:#383838}"
            ".one{stroke:#ddd}.spread{stroke:#ddd}" + colours(_DARK) + "}")


def _ratios(results, columns):
    """[(row, [(column, median, min, max)])] of the rows that have a native time."""
    groups = []
    for row, result in results.items():
        native = result.get("native", {}).get("median")
        if not native:
            continue
        bars = [(column, *(result[column][key] / native for key in ("median", "min", "max")))
                for column in columns if column != "native" and column in result]
        if bars:
            groups.append((row, bars))
    return groups


class _Axis:
    """Logarithmic, from the largest tick below all values to the smallest one above."""

    def __init__(self, values):
        low = max([tick for tick in _TICKS if tick <= min(values)] or [min(values)])
        high = min([tick for tick in _TICKS if tick >= max(values)] or [max(values)])
        low, high = min(low, 1), max(high, 2)
        self.ticks = [tick for tick in _TICKS if low <= tick <= high]
        self._low, self._span = math.log(low), math.log(high) - math.log(low)

    def x(self, value):
        return round(_LEFT + _PLOT * (math.log(value) - self._low) / self._span, 1)


def _legend(columns):
    parts, x = [], _LEFT
    for column in columns:
        parts.append(f'<rect class="c{_NUMBERS[column]}" x="{x}" y="30" width="10" height="10"/>'
                     f'<text x="{x + 14}" y="39">{escape(column)}</text>')
        x += 30 + 7 * len(column)
    return parts


def _grid(axis, bottom):
    parts = []
    for tick in axis.ticks:
        x = axis.x(tick)
        parts.append(f'<line class="{"one" if tick == 1 else "rule"}" x1="{x}" y1="{_TOP - 4}" x2="{x}" y2="{bottom}"/>'
                     f'<text class="small" x="{x}" y="{_TOP - 8}" text-anchor="middle">{tick:g}</text>')
    return parts


def _group(row, bars, axis, top):
    parts = [f'<text x="{_LEFT - 8}" y="{top + len(bars) * _BAR / 2 + 4:g}" text-anchor="end">{escape(row)}</text>']
    for number, (column, median, low, high) in enumerate(bars):
        y = top + number * _BAR
        begin, end = sorted((axis.x(1), axis.x(median)))
        middle = y + (_BAR - 1) / 2
        parts.append(
            f'<rect class="c{_NUMBERS[column]}" x="{begin}" y="{y}" width="{max(end - begin, 1):.1f}" height="{_BAR - 1}">'
            f'<title>{escape(row)}, {escape(column)}: {median:.2f} ({low:.2f}-{high:.2f})</title></rect>'
            f'<line class="spread" x1="{axis.x(low)}" y1="{middle}" x2="{axis.x(high)}" y2="{middle}"/>'
            f'<text class="small" x="{max(end, axis.x(high)) + 4:.1f}" y="{y + _BAR - 1}">{median:.2f}</text>')
    return parts


def draw(results, columns, machine):
    """The picture as text; bars are medians as ratios to native, with a line from the smallest to the largest."""
    groups = _ratios(results, columns)
    present = [column for column in columns if any(column == bar[0] for _, bars in groups for bar in bars)]
    axis = _Axis([value for _, bars in groups for bar in bars for value in bar[1:]] or [1])
    body, y = [], _TOP
    for row, bars in groups:
        body += _group(row, bars, axis, y)
        y += len(bars) * _BAR + _GAP
    width, height = _LEFT + _PLOT + _RIGHT, y + 24
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            f"<style>{_style()}</style>", f'<rect class="ground" width="{width}" height="{height}"/>',
            f'<text x="{_LEFT}" y="18">Time as a ratio to native (logarithmic; shorter is better)</text>']
    foot = [f'<text class="small" x="{_LEFT}" y="{height - 8}">{escape(machine)}</text>', "</svg>"]
    return "\n".join(head + _legend(present) + _grid(axis, y - _GAP / 2) + body + foot) + "\n"
