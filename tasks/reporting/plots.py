"""Plots as SVG text, without a display and without outside files."""

import io
import warnings
from collections.abc import Sequence

from tasks.reporting.content import Plot, Series

_COLORS = ("#1f6f8b", "#d1495b", "#edae49", "#66a182", "#5c4d7d", "#8d6b48", "#2e4057")


def svg(plot: Plot) -> str:
    """The plot as an SVG element, sized to fit half a page."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "support-etl"  # same picture, same bytes
    matplotlib.rcParams["text.parse_math"] = False  # a team may be named $$
    matplotlib.rcParams["svg.fonttype"] = (
        "none"  # the reader's fonts know more scripts than the one that is drawn with here
    )
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(7.2, 3.0), layout="constrained")
    axes = figure.subplots()
    for color, series in zip(_COLORS * 9, plot.series, strict=False):
        _draw(axes, series, color)
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
    out = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing"
        )  # its width is guessed; the reader's font draws it
        figure.savefig(out, format="svg", metadata={"Date": None, "Title": plot.title})
    text = out.getvalue()
    return text[text.index("<svg") :]


def _draw(axes: object, series: Series, color: str) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    days: Sequence[object] = list(series.days)
    if not days:
        return
    values = [float("nan") if v is None else v for v in series.values]
    axes.plot(
        days,  # type: ignore[arg-type]
        values,
        color=color,
        linewidth=1.4,
        label=f" {series.label}" if series.label.startswith("_") else series.label,
    )
    for low, high, alpha in (
        (series.wide_low, series.wide_high, 0.12),
        (series.low, series.high, 0.22),
    ):
        if low:
            axes.fill_between(days, list(low), list(high), color=color, alpha=alpha, linewidth=0)  # type: ignore[arg-type]
