"""Applies the suites of `expectations/`: one YAML file per entity and per mart, in Great
Expectations' own words.

Each rule has `meta.level`: `row` sends the rows that break it to quarantine, `batch` refuses the
whole batch, `warn` is only reported; and `meta.description`: the reason in words. Cell values never enter
a result, because Great Expectations writes them unescaped into its pages.
"""

import html
import logging
import os
import re
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.clock import parse_instant
from tasks.errors import ConfigurationError, StorageError
from tasks.importing import gc_frozen
from tasks.paths import EXPECTATIONS, read_yaml

_QUIET = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
_INDEXED = {
    "result_format": "COMPLETE",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
}
_one_at_a_time = threading.Lock()  # Great Expectations is not safe between threads


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule on one set of rows."""

    rule: str
    level: str
    description: str
    is_met: bool
    unexpected_count: int
    rows_count: int


@dataclass(slots=True)
class Verdict:
    """All rules of a suite on one set of rows.

    `bad`: row index to the rule and reason that set it aside.

    `judged`: Great Expectations' own results by the rule's number; rules that were met at sight
    have none.
    """

    subject: str
    results: list[RuleResult] = field(default_factory=list)
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)
    judged: dict[int, Any] = field(default_factory=dict)

    @property
    def refusals(self) -> list[RuleResult]:
        """Batch rules that failed."""
        return [r for r in self.results if r.level == "batch" and not r.is_met]


@cache
def rules_of(subject: str) -> tuple[dict[str, Any], ...]:
    """The rules of an entity or mart, as written. Raises ConfigurationError if there is no file."""
    path = EXPECTATIONS / f"{subject}.yml"
    if not path.is_file():
        raise ConfigurationError(
            f"expectations/{subject}.yml is missing: every entity and mart has one"
        )
    rules = read_yaml(path)["expectations"]
    return tuple(
        {**rule, "meta": {**rule["meta"], "number": number}} for number, rule in enumerate(rules)
    )


def columns_of(subject: str) -> tuple[str, ...]:
    """Columns that the rules of a subject look at."""
    return _columns(rules_of(subject))


def _columns(rules: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    names: list[str] = []
    for rule in rules:
        kwargs = rule["kwargs"]
        names += [kwargs[k] for k in ("column", "column_A", "column_B") if k in kwargs] + list(
            kwargs.get("column_list", ())
        )
    return tuple(dict.fromkeys(names))


def rule_name(rule: Mapping[str, Any]) -> str:
    """A short name: what is expected of which column."""
    kwargs = rule["kwargs"]
    about = [str(kwargs[k]) for k in ("column", "column_A", "column_B") if k in kwargs] + list(
        kwargs.get("column_list", ())
    )
    return f"{str(rule['type']).removeprefix('expect_')}({', '.join(about)})"


def check(subject: str, table: pa.Table) -> Verdict:
    """Apply the suite of a subject to rows."""
    rules = rules_of(subject)
    verdict = Verdict(
        subject,
        judged=_judge(subject, [r for r in rules if not _is_met_at_sight(r, table)], table, _QUIET),
    )
    verdict.results = [
        _result(rule, verdict.judged.get(_key(rule)), table.num_rows) for rule in rules
    ]
    broken = [
        rule
        for rule, result in zip(rules, verdict.results, strict=True)
        if result.level == "row" and not result.is_met
    ]
    found = _judge(subject, broken, table, _INDEXED)
    for rule in broken:
        for index in found[_key(rule)].result.get("unexpected_index_list") or ():
            verdict.bad.setdefault(int(index), (rule_name(rule), rule["meta"]["description"]))
    return verdict


def _is_met_at_sight(rule: Mapping[str, Any], table: pa.Table) -> bool:
    """Whether what Arrow has at hand settles a rule: the count of nulls, or the least and the
    greatest value.

    That is: no null, nothing but nulls for a rule that passes over them, or nothing outside the
    bounds. Great Expectations takes some ten milliseconds for a rule, however few the rows: half
    the time of an ordinary run.
    """
    kwargs = rule["kwargs"]
    columns = [
        table.column(kwargs[name]) for name in ("column", "column_A", "column_B") if name in kwargs
    ]
    if rule["type"] == "expect_column_values_to_not_be_null":
        return columns[0].null_count == 0 and not pa.types.is_floating(
            columns[0].type
        )  # to pandas, not-a-number is null too
    passes_over_nulls = (
        rule["type"] in _OF_VALUES or kwargs.get("ignore_row_if") == "either_value_is_missing"
    )
    if passes_over_nulls and any(column.null_count == len(column) for column in columns):
        return True
    return rule["type"] == "expect_column_values_to_be_between" and _is_within(columns[0], kwargs)


def _is_within(column: pa.ChunkedArray, kwargs: Mapping[str, Any]) -> bool:
    """Every value is a number or an instant, and none is outside the bounds.

    False where that cannot be told so simply.
    """
    if set(kwargs) - {"column", "min_value", "max_value"} or not any(
        is_one(column.type) for is_one in _ORDERED
    ):
        return False
    if pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py():
        return False
    low, high = (
        parse_instant(bound) if isinstance(bound, str) else bound
        for bound in (kwargs.get("min_value"), kwargs.get("max_value"))
    )
    found = pc.min_max(column).as_py()
    return (low is None or found["min"] >= low) and (high is None or found["max"] <= high)


_ORDERED = (pa.types.is_integer, pa.types.is_decimal, pa.types.is_floating, pa.types.is_timestamp)


_OF_VALUES = {
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_match_regex",
}


def _judge(
    subject: str, rules: Sequence[Mapping[str, Any]], table: pa.Table, result_format: dict[str, Any]
) -> dict[int, Any]:
    """Great Expectations' results of some rules of a subject, by the rule's number."""
    if not rules:
        return {}
    _source()
    names = _columns(rules)  # the others would be made into pandas' own, and hashed, for nothing
    frame = table.select(names).to_pandas() if names else table.to_pandas()
    with _one_at_a_time:
        batch = _rows_of(subject).get_batch({"dataframe": frame})
        validated = batch.validate(
            _suite_of(subject, tuple(map(_key, rules))), result_format=result_format
        )
    return {_key(result.expectation_config): result for result in validated.results}


@cache
def _suite_of(subject: str, numbers: tuple[int, ...]) -> Any:
    """A suite of some rules, made once: that takes a fifth of the time of applying it to a few
    rows.
    """
    from great_expectations.core import ExpectationSuite

    return ExpectationSuite(
        name=subject, expectations=[rule for rule in rules_of(subject) if _key(rule) in numbers]
    )


@cache
def _rows_of(subject: str) -> Any:
    """The batch definition that takes a frame of a subject; one per subject, because making one
    costs 30 ms.
    """
    return _source().add_dataframe_asset(subject).add_batch_definition_whole_dataframe("whole")


@cache
def _source() -> Any:
    """One ephemeral context for the process, quiet, and without the folder that each would leave
    behind.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with gc_frozen():
        import great_expectations as gx

    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.WARNING)
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    for site in (context.variables.data_docs_sites or {}).values():
        shutil.rmtree(site["store_backend"]["base_directory"], ignore_errors=True)
    context.variables.data_docs_sites = {}
    return context.data_sources.add_pandas("rows")


def _key(rule: Any) -> int:
    """The rule's place in its file: Great Expectations gives results in an order of its own."""
    return int((rule["meta"] if isinstance(rule, Mapping) else rule.meta)["number"])


def _result(rule: Mapping[str, Any], result: Any, rows: int) -> RuleResult:
    if result is None:
        return RuleResult(
            rule_name(rule), rule["meta"]["level"], rule["meta"]["description"], True, 0, rows
        )
    if result.exception_info and result.exception_info.get("raised_exception"):
        raise ConfigurationError(
            f"rule {rule_name(rule)} cannot be applied: {result.exception_info}"
        )
    unexpected = result.result.get("unexpected_count")
    return RuleResult(
        rule_name(rule),
        rule["meta"]["level"],
        rule["meta"]["description"],
        bool(result.success),
        int(unexpected) if unexpected is not None else int(not result.success),
        rows,
    )


def _as_validated(verdict: Verdict) -> Any:
    """The verdict as Great Expectations' own result of the whole suite."""
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

    met = {
        "element_count": verdict.results[0].rows_count,
        "unexpected_count": 0,
        "unexpected_percent": 0.0,
        "partial_unexpected_list": [],
    }
    at_sight = tuple(
        key for key in map(_key, rules_of(verdict.subject)) if key not in verdict.judged
    )
    seen = [
        ExpectationValidationResult(success=True, expectation_config=c, result=met)
        for c in _suite_of(verdict.subject, at_sight).expectation_configurations
    ]
    results = sorted(
        [*verdict.judged.values(), *seen], key=lambda result: _key(result.expectation_config)
    )
    well = sum(r.is_met for r in verdict.results)
    return ExpectationSuiteValidationResult(
        results=results,
        success=well == len(results),
        suite_name=verdict.subject,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": well,
            "unsuccessful_expectations": len(results) - well,
            "success_percent": 100 * well / len(results),
        },
        meta={"active_batch_definition": {"data_asset_name": verdict.subject}},
    )


_HEAD = (
    '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src'
    " 'none'; style-src 'unsafe-inline'; img-src data:\">"
    "<style>body{font:15px/1.45"
    " system-ui,sans-serif;color:#22303c;margin:2em}table{border-collapse:collapse}"
    "td,th{padding:.3em 1em;text-align:left;border-bottom:1px solid"
    " #e3e7ec}.fa-check-circle::before{content:'met';color:#1d5b33}"
    ".fa-times::before,.fa-exclamation-triangle::before{content:'broken';color:#8c2318}button,nav,footer,form,input,.modal,.sticky,#section-1-content-block-3{display:none}</style>"
)
_FETCHED = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>", re.DOTALL | re.IGNORECASE
)


def _by_itself(page: str) -> str:
    """A page of Great Expectations without the scripts, styles and pictures that it would fetch
    from six other hosts.
    """
    return _FETCHED.sub("", page).replace("<head>", f"<head>{_HEAD}", 1)


def write_docs(folder: str, verdicts: Sequence[tuple[str, Verdict]]) -> str:
    """Write the Data Docs site of a run: an index and a page per validated set of rows.

    Gives the index's path.

    `verdicts` are (title, verdict). Pages are Great Expectations' own; they hold counts, never cell
    values. Raises StorageError.
    """
    try:
        return _write_docs(Path(folder), verdicts)
    except OSError as trouble:
        raise StorageError(
            f"report {folder}: {trouble.strerror or trouble}; check reports.folder"
        ) from None


def _write_docs(target: Path, verdicts: Sequence[tuple[str, Verdict]]) -> str:
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    target.mkdir(parents=True, exist_ok=True)
    lines = []
    view: Any = DefaultJinjaPageView()  # one for all pages: each would compile all templates
    with _one_at_a_time:
        for number, (title, verdict) in enumerate(verdicts, 1):
            if not verdict.results:
                continue
            page = view.render(ValidationResultsPageRenderer().render(_as_validated(verdict)))
            name = f"{number:03d}.html"
            (target / name).write_text(_by_itself(page), encoding="utf-8")
            failed = sum(not r.is_met for r in verdict.results)
            lines.append(
                "<tr><td><a"
                f' href="{name}">{html.escape(title)}</a></td><td>{len(verdict.results)}</td><td>{failed}</td></tr>'
            )
    index = target / "index.html"
    index.write_text(
        f"<!doctype html><html lang=en><head>{_HEAD}<title>Data Docs</title></head><body><h1>Data"
        " Docs of the run</h1><table><tr><th>Rows"
        f" of</th><th>Rules</th><th>Broken</th></tr>{''.join(lines)}</table></body></html>",
        encoding="utf-8",
    )
    return str(index)
