"""Scores that an account's settings name: what an answer of a survey tool is worth.

A configured score that cannot be read is refused and never null: `score` is then a text that says
why. A text is no number, so the row is set aside with it as the reason.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping

from tasks.rest.spec import Json, Precondition, Request, Row

Scale = tuple[float, float]
Questions = Callable[[Json], Collection[str]]

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def readable(answer: Json) -> float | str:
    """The number that an answer is or has written, else a text that says what is there instead.

    Texts are quoted: a database would read nan and inf as numbers.
    """
    if isinstance(answer, str):
        text = answer.strip()
        return float(text) if _NUMBER.fullmatch(text) else repr(text)
    if isinstance(answer, list):
        return f"several answers in one: {answer}"
    if isinstance(answer, int | float) and not isinstance(answer, bool) and math.isfinite(answer):
        return answer
    return f"{answer} is no score"


def by_settings(config: Mapping[str, Json], *names: Json) -> float | str | None:
    """The score that the setting `choices` gives for a choice under one of its names, None if none.

    Keys of the settings file are texts; `true` and `false` are the answers to yes-or-no questions.
    """
    choices = config.get("choices") or {}
    found = [str(name) for name in names if name is not None and str(name) in choices]
    return readable(choices[found[0]]) if found else None


def scale_of(config: Mapping[str, Json], known: Scale | None) -> Scale:
    """The scale of the settings, else the survey's own, else 0 to 10 for NPS and 1 to 5.

    Where the settings give each choice its score, those scores are the scale.
    """
    given = [readable(score) for score in (config.get("choices") or {}).values()]
    by_choices = span([score for score in given if not isinstance(score, str)])
    low, high = by_choices or known or ((0, 10) if config["metric"] == "nps" else (1, 5))
    return config.get("scale_min", low), config.get("scale_max", high)


def span(values: list[float]) -> Scale | None:
    """The lowest and highest of some values; None for none."""
    return (min(values), max(values)) if values else None


def configured(config: Mapping[str, Json], known: Scale | None = None) -> Row:
    """The columns of a survey response that come from the settings of its score."""
    low, high = scale_of(config, known)
    return {
        "question_id": config["question_id"],
        "metric": config["metric"],
        "scale_min": low,
        "scale_max": high,
        "better": config.get("better", "higher"),
        "ticket_account": config.get("ticket_account") or None,
    }


def questions_are_there(
    settings: Mapping[str, Json], ask: Callable[[str], Request], questions: Questions
) -> Iterable[Precondition]:
    """That each survey of the settings can be read and has the questions that are scores.

    `ask` reads a survey, `questions` are the names of its questions as settings write them.
    """
    by_survey: dict[str, list[str]] = {}
    for score in settings.get("scores", ()):
        named = by_survey.setdefault(str(score["survey_id"]), [])
        named.append(str(score["question_id"]))
    for survey, wanted in by_survey.items():

        def missing(
            answer: Json,
            settings: Mapping[str, Json],
            /,
            wanted: Collection[str] = tuple(wanted),
        ) -> Iterable[str]:
            """A complaint for each question that the survey does not have."""
            known = questions(answer)
            return (f"it has no question {name}" for name in wanted if name not in known)

        yield Precondition(f"survey {survey} of scores", ask(survey), missing)
