"""Applies the rules of a subject to rows.

Cell values never enter a result, because Great Expectations writes them unescaped into its pages.
"""

import logging
import os
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tasks.errors import ConfigurationError
from tasks.importing import gc_frozen
from tasks.quality.column_checks import is_surely_met
from tasks.quality.rules import Rule, columns_read, forget_rules, rules_of

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite, ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.datasource.fluent.pandas_datasource import PandasDatasource

COUNTS = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
ROW_INDEXES = {
    "result_format": "COMPLETE",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
}
gx_lock = threading.Lock()  # Great Expectations is not safe between threads


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

    `bad`: row index to the rule that rejected the row, and the reason.

    `judged`: results of Great Expectations by the rule's number. Rules that column statistics
    settled have none.
    """

    subject: str
    results: list[RuleResult] = field(default_factory=list)
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)
    judged: dict[int, "ExpectationValidationResult"] = field(default_factory=dict)

    @property
    def refusals(self) -> list[RuleResult]:
        """Batch rules that failed."""
        return [r for r in self.results if r.level == "batch" and not r.is_met]


def check(subject: str, table: pa.Table) -> Verdict:
    """Apply the rules of a subject to rows.

    Raises ConfigurationError for a rule that cannot be applied.
    """
    rules = rules_of(subject)
    open_rules = [rule for rule in rules if not is_surely_met(rule, table)]
    judged = judge(subject, open_rules, table, COUNTS)
    results = [_result(rule, judged.get(rule.number), table.num_rows) for rule in rules]
    broken = [
        rule
        for rule, result in zip(rules, results, strict=True)
        if rule.level == "row" and not result.is_met
    ]
    return Verdict(subject, results, _bad_rows(subject, broken, table), judged)


def _bad_rows(
    subject: str,
    broken: Sequence[Rule],
    table: pa.Table,
) -> dict[int, tuple[str, str]]:
    """Rows that break a rule: index to the first such rule, and its reason."""
    judged = judge(subject, broken, table, ROW_INDEXES)
    bad: dict[int, tuple[str, str]] = {}
    for rule in broken:
        for index in judged[rule.number].result.get("unexpected_index_list") or ():
            bad.setdefault(int(index), (rule.name, rule.description))
    return bad


def judge(
    subject: str, rules: Sequence[Rule], table: pa.Table, result_format: dict[str, Any]
) -> dict[int, "ExpectationValidationResult"]:
    """Ask Great Expectations about some rules of a subject; results by the rule's number.

    Raises ConfigurationError for a rule that it does not know.
    """
    if not rules:
        return {}
    _source()
    names = columns_read(rules)  # pandas would convert and hash all others for nothing
    frame = table.select(names).to_pandas() if names else table.to_pandas()
    suite = suite_of(subject, tuple(rule.number for rule in rules))
    with gx_lock:
        batch = _batch_of(subject).get_batch({"dataframe": frame})
        validated = batch.validate(suite, result_format=result_format)
    judged = {number_of(result): result for result in validated.results}
    for rule in rules:
        if rule.number not in judged:  # left out with a line in its log, and no error
            raise ConfigurationError(
                f"rule {rule.name} of {subject}: Great Expectations knows no {rule.type}, or not"
                f" with {', '.join(rule.kwargs)}"
            )
    return judged


def number_of(result: "ExpectationValidationResult") -> int:
    """The number of the rule that a result is of: results come in an order of their own."""
    assert result.expectation_config is not None
    return int(result.expectation_config.meta["number"])


@cache
def suite_of(
    subject: str,
    numbers: tuple[int, ...],
) -> "ExpectationSuite":
    """A suite of some rules of a subject.

    Cached: making it takes a fifth of the time of applying it to a few rows.
    """
    from great_expectations.core import ExpectationSuite

    rules = [rule for rule in rules_of(subject) if rule.number in numbers]
    return ExpectationSuite(name=subject, expectations=[rule.as_expectation() for rule in rules])


def try_own_rules(subject: str, columns: pa.Schema) -> None:
    """Apply the own rules of a subject to no rows.

    Raises ConfigurationError for one that Great Expectations does not know or cannot apply.
    """
    for rule in (each for each in rules_of(subject) if each.is_own):
        try:
            judged = judge(subject, [rule], columns.empty_table(), COUNTS)
        except ConfigurationError:
            raise
        except Exception as wrong:  # noqa: BLE001  whatever Great Expectations raises
            words = " ".join(str(wrong).split())
            raise ConfigurationError(f"rule {rule.name} cannot be applied: {words}") from None
        for result in judged.values():
            _result(rule, result, 0)


def forget_suites() -> None:
    """Make the suites again at the next call: rules of the folder may have changed."""
    forget_rules()
    suite_of.cache_clear()


@cache
def _batch_of(subject: str) -> "BatchDefinition[Any]":
    """The batch definition that takes a frame of a subject. Cached: making it costs 30 ms."""
    return _source().add_dataframe_asset(subject).add_batch_definition_whole_dataframe("whole")


@cache
def _source() -> "PandasDatasource":
    """One ephemeral context for the process: quiet, and without the folder that it would leave."""
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
    source: PandasDatasource = context.data_sources.add_pandas("rows")
    return source


def _result(
    rule: Rule,
    result: "ExpectationValidationResult | None",
    rows: int,
) -> RuleResult:
    if result is None:
        return RuleResult(rule.name, rule.level, rule.description, True, 0, rows)
    if result.exception_info and result.exception_info.get("raised_exception"):
        raise ConfigurationError(f"rule {rule.name} cannot be applied: {result.exception_info}")
    unexpected = result.result.get("unexpected_count")
    count = int(not result.success) if unexpected is None else int(unexpected)
    return RuleResult(rule.name, rule.level, rule.description, bool(result.success), count, rows)
