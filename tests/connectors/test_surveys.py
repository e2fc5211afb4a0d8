"""The helper that lists surveys and proposes scores."""

import tomllib
from dataclasses import replace

import pytest
from conftest import Bench

from flows.pipeline.doctor import survey_questions
from tasks.surveys import propose


@pytest.mark.parametrize(
    ("low", "high", "words", "family", "metric"),
    [
        (0, 10, "How likely are you to recommend us?", "MC", "nps"),
        (1, 5, "Stars", "nps", "nps"),
        (1, 7, "It was easy to get help", "opinion_scale", "ces"),
        (1, 5, "How much effort was it?", "rating", "ces"),
        (1, 5, "Your opinion", "rating", "csat"),
        (1, 7, "Your opinion", "rating", "ces"),
        (0, 10, "How satisfied are you?", "rating", "csat"),
        (0, 10, "How old is your tent?", "rating", None),
        (None, None, "Anything to add?", "text", None),
        (3, 3, "Easy?", "x", None),
    ],
)
def test_proposals(low, high, words, family, metric):
    assert propose(low, high, words, family) == metric


def test_questions_of_every_survey_vendor_and_settings_that_can_be_pasted(
    every_account: Bench, sandbox
):
    result = survey_questions(every_account.settings())
    assert set(result) == {"surveymonkey_acme", "typeform_acme", "qualtrics_acme"}
    for name, questions in result.items():
        given = next(a for a in every_account.accounts if a["name"] == name)["scores"]
        proposed = tomllib.loads(
            "scores = [\n" + "\n".join(q.as_setting() for q in questions if q.metric) + "\n]"
        )["scores"]
        assert {(p["survey_id"], p["question_id"], p["metric"]) for p in proposed} == {
            (g["survey_id"], g["question_id"], g["metric"]) for g in given
        }
        assert any(q.metric is None for q in questions)
    assert not [
        a for a in sandbox.fakes["typeform"].asked if a.path.endswith("/responses")
    ]  # responses are not requested


def test_an_account_can_be_picked(every_account: Bench):
    picked = replace(every_account)
    assert set(survey_questions(picked.settings(), ("typeform_acme",))) == {"typeform_acme"}
