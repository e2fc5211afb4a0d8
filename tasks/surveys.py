"""Step: list an account's surveys and questions, and propose which of them are scores.

A proposal is a guess from the scale and the words; a person decides and writes it into the
settings.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.clock import Window, now
from tasks.rest.client import Client
from tasks.rest.reading import Reading
from tasks.rest.received import Bookmark
from tasks.rest.sections import page_reader
from tasks.rest.spec import PARENT_DOCUMENT, PARENTS, Stream
from tasks.translation.columns import RecordBuffer, translate

_EFFORT = re.compile(r"eas[yi]|effort|simple|handle my", re.IGNORECASE)
_SATISFIED = re.compile(
    r"satisf|happy|how did we|how would you rate|rate (the|your)", re.IGNORECASE
)
_RECOMMEND = re.compile(r"recommend", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a survey with its scale, and the metric it looks like (None: no score)."""

    survey_id: str
    survey: str
    question_id: str
    heading: str
    family: str
    scale_min: float | None
    scale_max: float | None
    metric: str | None

    @property
    def scale(self) -> str:
        """As people write it: 0 to 10."""
        return (
            ""
            if self.scale_min is None or self.scale_max is None
            else f"{self.scale_min:g} to {self.scale_max:g}"
        )

    def as_setting(self) -> str:
        """A line for `scores` in the settings file."""
        return (
            f"  {{ survey_id = {json.dumps(self.survey_id)}, question_id ="
            f" {json.dumps(self.question_id)}, metric = {json.dumps(self.metric)}, scale_min ="
            f" {self.scale_min:g}, scale_max = {self.scale_max:g} }},  #"
            f" {' '.join(self.heading.split())[:80]}"
        )


def list_questions(client: Client, stream: Stream, settings: Mapping[str, Any]) -> list[Question]:
    """Every question of every survey. Raises VendorError."""
    moment = now()
    surveys: dict[str, str] = {}
    questions: list[Question] = []
    for received in Reading(client, stream, Window(moment, moment), Bookmark()).catalogue():
        buffer = RecordBuffer()
        buffer.add(received.records, 1, received.partition, received.received_at)
        for output in (
            b
            for b in stream.outputs
            if b.section == received.section and received.section in {PARENTS, PARENT_DOCUMENT}
        ):
            reader = page_reader(stream, received.section)
            rows = translate(
                stream, output, reader, buffer, personal=True, settings=settings
            ).table.to_pylist()
            if output.entity.name == "survey":
                surveys |= {row["survey_id"]: row["title"] or "" for row in rows}
            else:
                questions += [_question(row, surveys) for row in rows]
    return questions


def _question(row: Mapping[str, Any], surveys: Mapping[str, str]) -> Question:
    low, high, heading, family = (
        row["scale_min"],
        row["scale_max"],
        row["heading"] or "",
        row["family"] or "",
    )
    survey = surveys.get(row["survey_id"], "")
    return Question(
        row["survey_id"],
        survey,
        row["question_id"],
        heading,
        family,
        low,
        high,
        propose(low, high, f"{heading} {survey}", family),
    )


def propose(low: float | None, high: float | None, words: str, family: str) -> str | None:
    """nps, ces, csat, or None for a question without a scale or of no known kind."""
    if low is None or high is None or high <= low:
        return None
    if "nps" in family.lower() or ((low, high) == (0, 10) and _RECOMMEND.search(words)):
        return "nps"
    if _EFFORT.search(words):
        return "ces"
    if _SATISFIED.search(words) or (low, high) == (1, 5):
        return "csat"
    return "ces" if (low, high) == (1, 7) else None
