"""SurveyMonkey: the score of each choice of a question.

Choices have a text, in rating questions a weight, and a position. Stars have empty texts; scales
often have words at their ends only (bcemmett/SurveyMonkeyApi-v3#11). The weights of NPS questions
are -100, 0 and 100: what a score adds to the NPS, and not the score.
"""

import re
from collections.abc import Mapping

from tasks.rest.scores import Scale, span
from tasks.rest.spec import Json

Choice = Mapping[str, Json]
Wanted = tuple[float | None, float | None]

_LEADING = re.compile(r"\s*(-?\d+(?:\.\d+)?)(?=$|\s|[:.)=\u2013\u2014-](?!\d))")
_NPS_WEIGHTS = {-100, 0, 100}
_NPS_CHOICES = 11


def choices_of(question: Mapping[str, Json]) -> dict[str, Choice]:
    """The choices of a question by id."""
    return {str(c["id"]): c for c in (question.get("answers") or {}).get("choices") or ()}


def scores_of(question: Mapping[str, Json], wanted: Wanted = (None, None)) -> dict[str, float]:
    """The score of each choice by its id; empty where nothing says what the choices are worth.

    The number of its text, else its weight where the weights are the scale, else the place of a
    star or of one of the eleven choices of an NPS question. `wanted` is the scale of the settings.
    """
    choices = {key: c for key, c in choices_of(question).items() if not c.get("is_na")}
    shown = [key for key, choice in choices.items() if choice.get("visible", True)]
    texts = {key: n for key, c in choices.items() if (n := _leading(c)) is not None}
    if _all_differ(texts, shown) or (texts and wanted[0] is not None and _spans(texts, wanted)):
        return texts
    weights = {key: n for key, c in choices.items() if (n := _weight(c)) is not None}
    if (
        _all_differ(weights, shown)
        and not _NPS_WEIGHTS.issuperset(weights.values())
        and _spans(weights, wanted)
    ):
        return weights
    return _by_place(question, {key: choices[key] for key in shown}, wanted)


def scale_of_question(question: Mapping[str, Json]) -> Scale | None:
    """The lowest and highest score of a question, None if it has none."""
    slider = question.get("validation") or {}
    if _display(question) == "slider" and None not in (slider.get("min"), slider.get("max")):
        return float(slider["min"]), float(slider["max"])
    return span(list(scores_of(question).values()))


def _display(question: Mapping[str, Json]) -> Json:
    return (question.get("display_options") or {}).get("display_type")


def _leading(choice: Choice) -> float | None:
    """The number that a text begins with: 5, "5 - very good", "1: grade"; not "1-2 days"."""
    found = _LEADING.match(str(choice.get("text")))
    return float(found[1]) if found else None


def _weight(choice: Choice) -> float | None:
    weight = choice.get("weight")
    return float(weight) if isinstance(weight, int | float) else None


def _all_differ(scores: Mapping[str, float], shown: list[str]) -> bool:
    """Whether every shown choice has a score, and each another."""
    found = {scores[key] for key in shown if key in scores}
    return bool(shown) and len(found) == len(shown)


def _spans(scores: Mapping[str, float], wanted: Wanted) -> bool:
    """Whether scores begin and end where the wanted scale does."""
    low, high = wanted
    return (low is None or min(scores.values()) == low) and (
        high is None or max(scores.values()) == high
    )


def _by_place(
    question: Mapping[str, Json], choices: Mapping[str, Choice], wanted: Wanted
) -> dict[str, float]:
    """Stars from 1 and NPS choices from 0 in their order; empty for any other question."""
    order = sorted(choices, key=lambda key: choices[key].get("position") or 0)
    weights = [_weight(choices[key]) for key in order]
    is_nps = len(order) == _NPS_CHOICES and weights == [-100] * 7 + [0] * 2 + [100] * 2
    has_stars = _display(question) == "emoji" or not any(c.get("text") for c in choices.values())
    if not is_nps and not has_stars:
        return {}
    low = wanted[0] if wanted[0] is not None else 0 if is_nps else 1
    scores = {key: low + place for place, key in enumerate(order)}
    return scores if scores and _spans(scores, wanted) else {}
