"""Plots as SVG text, without a display and without outside files."""

import io
import warnings
from typing import TYPE_CHECKING

from tasks.reporting.content import Plot, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLORS = ("#1f6f8b", "#d1495b", "#edae49", "#66a182", "#5c4d7d", "#8d6b48", "#2e4057")


_BANDS_ALPHA = (0.12, 0.22)  # the wide band, the narrow one


def svg(plot: Plot) -> str:
    """The plot as an SVG element, sized to fit half a page."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "support-etl"  # same picture, same bytes
    mpl.rcParams["text.parse_math"] = False  # a team may be named $$
    mpl.rcParams["svg.fonttype"] = "none"  # the reader's fonts know more scripts
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.0), layout="constrained")
    axes = figure.subplots()
    for color, series in zip(_COLORS * 9, plot.series, strict=False):
        _draw(axes, series, color)
    _style(axes, plot)
    out = io.StringIO()
    with warnings.catch_warnings():
        # the width of an unknown glyph is guessed; the reader's font draws it
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(out, format="svg", metadata={"Date": None, "Title": plot.title})
    text = out.getvalue()
    return text[text.index("<svg") :]


def _style(axes: "Axes", plot: Plot) -> None:
    """Axes, grid and legend."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import PercentFormatter

    locator = AutoDateLocator(minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_ylabel(plot.unit, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(visible=True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if plot.share:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylim(0, 1.02)
    else:
        axes.set_ylim(bottom=0)
    if len(plot.series) > 1 and axes.get_legend_handles_labels()[0]:
        axes.legend(
            fontsize=8,
            frameon=False,
            ncols=3,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            borderaxespad=0.2,
        )


def _draw(axes: "Axes", series: Series, color: str) -> None:
    days: list[object] = list(series.days)
    if not days:
        return
    values = [float("nan") if value is None else value for value in series.values]
    # matplotlib hides a label that begins with an underscore
    label = f" {series.label}" if series.label.startswith("_") else series.label
    axes.plot(days, values, color=color, linewidth=1.4, label=label)  # type: ignore[arg-type]
    bands = ((series.wide_low, series.wide_high), (series.low, series.high))
    for (low, high), alpha in zip(bands, _BANDS_ALPHA, strict=True):
        if low:
            lower, upper = list(low), list(high)
            axes.fill_between(  # matplotlib's stubs know no dates
                days,  # type: ignore[arg-type]
                lower,
                upper,
                color=color,
                alpha=alpha,
                linewidth=0,
            )
