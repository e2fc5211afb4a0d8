"""The KPI page, made from `sql/marts/kpi/kpis.yml` and the SQL files in its folder."""

from docs.reference.markdown import code, heading, joined, table
from tasks.sqlmodels.kpis import Kpi, kpis

_SHAPES = {
    "count": "sum of the numerator",
    "level": "numerator at the end of the period",
    "ratio": "numerator divided by denominator",
    "mean": "numerator divided by denominator",
    "level_mean": "numerator divided by denominator, at the end of the period",
}


def kpi_list() -> str:
    """Return an overview, then every KPI with its definition and its SQL."""
    overview = [
        (f"[{kpi.title}](#{kpi.name})", code(kpi.name), kpi.unit, kpi.better)
        for kpi in kpis().values()
    ]
    heads = ("KPI", "Name in `marts.kpi_daily`", "Unit", "Better")
    return joined([table(heads, overview), *(_entry(kpi) for kpi in kpis().values())])


def _entry(kpi: Kpi) -> str:
    rows = [
        ("Name", code(kpi.name)),
        ("Value", _SHAPES[kpi.shape]),
        ("Numerator", kpi.numerator),
        ("Denominator", kpi.denominator),
        ("Unit", kpi.unit),
        ("Better", kpi.better),
        ("Counted on", kpi.attributed_to),
        ("By fields of the ticket", f"no: {kpi.no_slices}" if kpi.no_slices else "yes"),
        ("Final after", f"{kpi.final_after_days} days" if kpi.final_after_days else "the day"),
        ("Owner", kpi.owner),
        ("Source of the definition", kpi.source),
    ]
    return joined(
        [
            heading(2, kpi.title, kpi.name),
            kpi.description,
            table(("", ""), rows),
            f'??? note "SQL"\n    ```sql\n{_indented(kpi.select)}\n    ```',
        ]
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.strip().splitlines())
