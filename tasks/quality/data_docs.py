"""Data Docs: the pages of Great Expectations about the rules of a run, without foreign content."""

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.errors import StorageError
from tasks.quality.rules import rules_of
from tasks.quality.suites import Verdict, gx_lock, number_of, suite_of

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

_HEAD = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src'
    " 'none'; style-src 'unsafe-inline'; img-src data:\">"
    "<style>body{font:15px/1.45"
    " system-ui,sans-serif;color:#22303c;margin:2em}table{border-collapse:collapse}"
    "td,th{padding:.3em 1em;text-align:left;border-bottom:1px solid"
    " #e3e7ec}.fa-check-circle::before{content:'met';color:#1d5b33}"
    ".fa-times::before,.fa-exclamation-triangle::before{content:'broken';color:#8c2318}"
    "button,nav,footer,form,input,.modal,.sticky,#section-1-content-block-3{display:none}</style>"
)
_FOREIGN = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>", re.DOTALL | re.IGNORECASE
)


def write_docs(
    folder: str,
    verdicts: Sequence[tuple[str, Verdict]],
) -> str:
    """Write an index and one page for each validated set of rows; give the index's path.

    `verdicts` are (title, verdict). Pages hold counts, never cell values. Raises StorageError.
    """
    try:
        return _write(Path(folder), verdicts)
    except OSError as trouble:
        raise StorageError(
            f"report {folder}: {trouble.strerror or trouble}; check reports.folder"
        ) from None


def _write(
    target: Path,
    verdicts: Sequence[tuple[str, Verdict]],
) -> str:
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    target.mkdir(parents=True, exist_ok=True)
    lines = []
    view: Any = DefaultJinjaPageView()  # one for all pages: each would compile all templates
    with gx_lock:
        for number, (title, verdict) in enumerate(verdicts, 1):
            if not verdict.results:
                continue
            page = view.render(ValidationResultsPageRenderer().render(_as_validated(verdict)))
            name = f"{number:03d}.html"
            (target / name).write_text(_without_foreign_content(page), encoding="utf-8")
            lines.append(_index_line(name, title, verdict))
    index = target / "index.html"
    index.write_text(_index("".join(lines)), encoding="utf-8")
    return str(index)


def _index_line(
    name: str,
    title: str,
    verdict: Verdict,
) -> str:
    broken = sum(not r.is_met for r in verdict.results)
    link = f'<a href="{name}">{html.escape(title)}</a>'
    return f"<tr><td>{link}</td><td>{len(verdict.results)}</td><td>{broken}</td></tr>"


def _index(lines: str) -> str:
    return (
        f"<!doctype html><html lang=en><head>{_HEAD}<title>Data Docs</title></head><body><h1>Data"
        " Docs of the run</h1><table><tr><th>Rows"
        f" of</th><th>Rules</th><th>Broken</th></tr>{lines}</table></body></html>"
    )


def _without_foreign_content(page: str) -> str:
    """A page without the scripts, styles and pictures that it would load from other hosts."""
    return _FOREIGN.sub("", page).replace("<head>", f"<head>{_HEAD}", 1)


def _as_validated(verdict: Verdict) -> "ExpectationSuiteValidationResult":
    """The verdict as Great Expectations' own result of the whole suite."""
    from great_expectations.core import ExpectationSuiteValidationResult

    results = sorted([*verdict.judged.values(), *_met_by_statistics(verdict)], key=number_of)
    met = sum(r.is_met for r in verdict.results)
    return ExpectationSuiteValidationResult(
        results=results,
        success=met == len(results),
        suite_name=verdict.subject,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": met,
            "unsuccessful_expectations": len(results) - met,
            "success_percent": 100 * met / len(results),
        },
        meta={"active_batch_definition": {"data_asset_name": verdict.subject}},
    )


def _met_by_statistics(verdict: Verdict) -> "list[ExpectationValidationResult]":
    """Results of the rules that Great Expectations did not have to judge."""
    from great_expectations.core import ExpectationValidationResult

    numbers = tuple(
        rule.number for rule in rules_of(verdict.subject) if rule.number not in verdict.judged
    )
    counts = {
        "element_count": verdict.results[0].rows_count,
        "unexpected_count": 0,
        "unexpected_percent": 0.0,
        "partial_unexpected_list": [],
    }
    return [
        ExpectationValidationResult(success=True, expectation_config=config, result=counts)
        for config in suite_of(verdict.subject, numbers).expectation_configurations
    ]
