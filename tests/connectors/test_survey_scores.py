"""Scores of survey tools: which answers count, what they are worth, and what is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from tasks.clock import Window
from tasks.connectors import connector
from tasks.connectors.medallia.surveys import query
from tasks.errors import ConfigurationError
from tasks.rest.sections import decode, page_reader
from tasks.rest.spec import MAIN, Request
from tasks.sandbox.company import Sandbox
from tasks.settings import AccountSettings
from tasks.translation.columns import RecordBuffer, translate

NOW = midnight(TODAY)
NPS_WEIGHTS = [-100] * 7 + [0] * 2 + [100] * 2


@pytest.fixture
def only(every_account: Bench):
    def picked(vendor: str, **more: Any) -> Bench:
        accounts = (a for a in every_account.accounts if a["connector"] == vendor)
        return replace(every_account, accounts=tuple({**a, **more} for a in accounts))

    return picked


def read(
    vendor: str, answer: Any, settings: dict[str, Any], about: Any = None, stream_name: str = ""
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of one page of scores, and the reasons of those that were refused."""
    streams = {s.name: s for s in connector(vendor).streams}
    stream = streams.get(stream_name) or next(iter(streams.values()))
    output = next(o for o in stream.outputs if o.section == MAIN)
    page = decode(stream, MAIN, json.dumps(answer).encode())
    buffer = RecordBuffer()
    buffer.add(page.records, 1, "S1", datetime(2026, 3, 1, tzinfo=UTC))
    reader = page_reader(stream, MAIN)
    rows = translate(
        stream, output, reader, buffer, personal=False, parent_document=about, settings=settings
    )
    return rows.table.to_pylist(), rows.refused["reason"].to_pylist()


def choices(texts: list[str], weights: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    """A question of SurveyMonkey whose choices have the ids c0, c1, ..."""
    made = [{"id": f"c{i}", "text": text, "position": i + 1} for i, text in enumerate(texts)]
    for choice, weight in zip(made, weights or (), strict=False):
        choice["weight"] = weight
    return {"id": "Q1", "family": "matrix", "answers": {"choices": made}, **more}


def monkey(
    question: dict[str, Any], answers: list[dict[str, Any]], score: Any = None, **response: Any
):
    """What SurveyMonkey's answers to one question become."""
    given = {
        "id": "R1",
        "survey_id": "S1",
        "response_status": "completed",
        "collection_mode": "default",
        "date_created": "2026-03-04T10:15:02+00:00",
        "pages": [{"questions": [{"id": "Q1", "answers": answers}]}],
        **response,
    }
    config = {"survey_id": "S1", "question_id": "Q1", "metric": "csat", **(score or {})}
    about = {"id": "S1", "pages": [{"questions": [question]}]}
    return read("surveymonkey", {"data": [given]}, {"scores": [config]}, about)


WORDS = ["Very dissatisfied", "", "", "", "", "", "Very satisfied"]
NPS_TEXTS = ["Not at all likely - 0", *map(str, range(1, 10)), "Extremely likely - 10"]
NPS_WORDS = ["Not likely", *[""] * 9, "Very likely"]


@pytest.mark.parametrize(
    ("texts", "weights", "scale", "picked", "score"),
    [
        (WORDS, [1, 2, 3, 4, 5, 6, 7], (1, 7), "c6", 7),
        (["bad", "fair", "good"], [1, 2, 3], None, "c1", 2),
        ([""] * 5, [1, 2, 3, 4, 5], (1, 5), "c3", 4),
        ([""] * 5, None, (1, 5), "c3", 4),
        ([""] * 5, [0, 25, 50, 75, 100], (1, 5), "c3", 4),
        (NPS_TEXTS, NPS_WEIGHTS, (0, 10), "c0", 0),
        (NPS_TEXTS, NPS_WEIGHTS, (0, 10), "c10", 10),
        (NPS_WORDS, NPS_WEIGHTS, None, "c8", 8),
        (["1: grade", "2: grade", "3: grade"], None, (1, 3), "c0", 1),
        (["1 - poor", "2", "3 - good"], [10, 20, 30], (1, 3), "c2", 3),
        (["Poor", "2", "3", "4", "Excellent"], [1, 2, 3, 4, 5], (1, 5), "c0", 1),
    ],
)
def test_a_choice_is_worth_its_number_its_weight_or_its_place(texts, weights, scale, picked, score):
    config = {"scale_min": scale[0], "scale_max": scale[1]} if scale else {}
    rows, refused = monkey(choices(texts, weights), [{"choice_id": picked}], config)
    assert ([row["score"] for row in rows], refused) == ([score], [])
    assert rows[0]["scale_min"] <= score <= rows[0]["scale_max"]


@pytest.mark.parametrize(
    ("texts", "weights", "scale"),
    [
        (["Yes", "No"], None, (1, 5)),
        (["1-2 days", "3-4 days"], None, (1, 2)),
        (["bad", "good"], [1, 1], (1, 2)),
        (WORDS, [0, 1, 2, 3, 4, 5, 6], (1, 7)),
        (["promoter", "passive", "detractor"], [100, 0, -100], (0, 10)),
        ([""] * 5, None, (1, 10)),
    ],
)
def test_a_choice_without_a_sure_score_is_refused_with_its_reason(texts, weights, scale):
    config = {"scale_min": scale[0], "scale_max": scale[1]}
    rows, refused = monkey(choices(texts, weights), [{"choice_id": "c1"}], config)
    assert rows == []
    assert refused == [f"score: not a number: set choices of the score for {texts[1] or 'c1'}"]


def test_the_settings_can_give_words_their_scores():
    config = {"choices": {"Yes": 1, "No": 0}}
    rows, _ = monkey(choices(["Yes", "No"]), [{"choice_id": "c0"}], config)
    assert [(r["score"], r["scale_min"], r["scale_max"]) for r in rows] == [(1, 0, 1)]


@pytest.mark.parametrize(
    ("answers", "score", "scores", "reason"),
    [
        ([{"choice_id": "gone"}], {}, [], "choice gone is not in the survey"),
        ([{"choice_id": "c1"}, {"other_id": "o", "text": "slow"}], {}, [2], None),
        ([{"other_id": "o", "text": "slow"}], {}, [], None),
        ([{"choice_id": "na"}], {}, [], None),
        (
            [{"row_id": "r1", "choice_id": "c1"}, {"row_id": "r2", "choice_id": "c2"}],
            {},
            [],
            "2 choices; set row_id of the score, if it has rows",
        ),
        (
            [{"row_id": "r1", "choice_id": "c1"}, {"row_id": "r2", "choice_id": "c2"}],
            {"row_id": "r2"},
            [3],
            None,
        ),
    ],
)
def test_comments_rows_and_not_applicable(answers, score, scores, reason):
    question = choices(["1", "2", "3"])
    question["answers"]["choices"].append({"id": "na", "text": "N/A", "is_na": True, "weight": 0})
    question["answers"]["other"] = {"id": "o", "is_answer_choice": False}
    rows, refused = monkey(question, answers, score)
    assert [row["score"] for row in rows] == scores
    assert refused == ([f"score: not a number: {reason}"] if reason else [])


def test_rows_of_one_question_are_scores_of_their_own():
    answers = [{"row_id": row, "choice_id": choice} for row, choice in (("r1", "c0"), ("r2", "c2"))]
    scores = [
        {"survey_id": "S1", "question_id": "Q1", "metric": metric, "row_id": row}
        for metric, row in (("csat", "r1"), ("ces", "r2"))
    ]
    given = {
        "id": "R1",
        "survey_id": "S1",
        "recipient_id": "0",
        "date_created": "2026-03-04T10:15:02+00:00",
        "pages": [{"questions": [{"id": "Q1", "answers": answers}]}],
    }
    about = {"pages": [{"questions": [choices(["1", "2", "3"])]}]}
    rows, _ = read("surveymonkey", {"data": [given]}, {"scores": scores}, about)
    assert [(r["response_id"], r["metric"], r["score"], r["customer_id"]) for r in rows] == [
        ("R1/Q1/r1", "csat", 1, None),
        ("R1/Q1/r2", "ces", 3, None),
    ]


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        ({"scale_mx": 7}, "scale_mx"),
        ({"metric": "nsp"}, "metric"),
        ({"better": "up"}, "better"),
        ({"scale_min": 5, "scale_max": 1}, "scale_min must be below scale_max"),
        ({"choices": {"Good": "high"}}, "choices"),
    ],
)
def test_a_score_with_a_wrong_setting_is_refused(score, reason):
    whole = {"survey_id": "S1", "question_id": "Q1", "metric": "csat", **score}
    with pytest.raises(ValueError, match=reason):
        AccountSettings(connector="typeform", name="survey", scores=[whole])


def test_a_question_has_one_score():
    score = {"survey_id": "S1", "question_id": "Q1", "metric": "csat"}
    with pytest.raises(ValueError, match="question Q1 is named twice"):
        AccountSettings(connector="typeform", name="survey", scores=[score, score])
    rows = [{**score, "row_id": row} for row in ("r1", "r2")]
    account = AccountSettings(connector="surveymonkey", name="survey", scores=rows)
    assert account.own["scores"] == tuple(rows)


def test_a_slider_is_a_score_and_words_are_none():
    slider = {
        "id": "Q1",
        "family": "open_ended",
        "display_options": {"display_type": "slider"},
        "validation": {"min": 0, "max": 100},
    }
    rows, _ = monkey(slider, [{"text": "80"}])
    assert [(r["score"], r["scale_min"], r["scale_max"]) for r in rows] == [(80, 0, 100)]
    assert monkey(slider, [{"text": "many"}])[1] == ["score: not a number: 'many'"]


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"collection_mode": "edit"}, True),
        ({"response_status": "partial"}, False),
        ({"response_status": "overquota"}, False),
        ({"response_status": "disqualified"}, False),
        ({"collection_mode": "preview"}, False),
        ({"collection_mode": "survey_preview"}, False),
        ({"collection_mode": "data_entry"}, False),
    ],
)
def test_only_completed_answers_of_customers_count_in_surveymonkey(changes, counts):
    rows, refused = monkey(choices(["1", "2", "3"]), [{"choice_id": "c1"}], **changes)
    assert (len(rows), refused) == (int(counts), [])


def test_surveymonkey_is_asked_for_completed_answers(only, sandbox: Sandbox):
    fake, bench = sandbox.fakes["surveymonkey"], only("surveymonkey")
    bench.read(NOW)
    asked = [a.query for a in fake.asked if a.path.endswith("/responses/bulk")]
    assert {a.get("status") for a in asked} == {"completed"}
    told = [s for survey in ("310001", "310002") for s in fake._scores(survey)]
    found = bench.fetch("select response_id, score from source.survey_response")
    assert sorted(score for _, score in found) == sorted(s.value for s in told)
    assert bench.fetch("select count(*) from ops.quarantine") == [(0,)]


def test_a_response_that_is_changed_while_pages_are_read_hides_no_other(
    only, sandbox: Sandbox, monkeypatch
):
    """It leaves the window, everything after it moves up, and a numbered page begins too late."""
    fake, bench = sandbox.fakes["surveymonkey"], only("surveymonkey")
    paging = connector("surveymonkey").streams[0].paging
    monkeypatch.setitem(paging.size, "per_page", "5")
    every, calls = fake._responses, {"310001": 0, "310002": 0}

    def without_the_first(number, asked):
        calls[number] += 1
        rows = every(number, asked)
        return rows if calls[number] == 1 else [r for r in rows if r["id"] != first[number]]

    first = {n: str(fake._scores(n)[0].number + 3) for n in calls}
    monkeypatch.setattr(fake, "_responses", without_the_first)
    assert bench.read(NOW).state == "completed"
    assert min(calls.values()) > 2
    told = sum(len(fake._scores(survey)) for survey in calls)
    assert bench.fetch("select count(*) from source.survey_response") == [(told,)]


def test_a_page_of_one_second_is_followed_by_its_number():
    paging = connector("surveymonkey").streams[0].paging
    request = Request("/x", {"start_modified_at": "2026-03-04T10:15:01", "page": "2"})
    page = SimpleNamespace(value=lambda at: "x", last=lambda path: "2026-03-04T10:15:02+00:00")
    assert paging.after(request, page).params["page"] == "3"
    later = SimpleNamespace(value=lambda at: "x", last=lambda path: "2026-03-04T10:15:09+00:00")
    assert dict(paging.after(request, later).params) == {
        "start_modified_at": "2026-03-04T10:15:08",
        "page": "1",
    }


def form_answer(answer: dict[str, Any], score: Any = None, **response: Any):
    """What an answer of Typeform becomes; its question is a rating of one to five."""
    given = {
        "token": "t",
        "response_id": "t",
        "response_type": "completed",
        "submitted_at": "2026-03-04T10:15:39Z",
        "answers": [{"field": {"id": "F1", "type": "rating"}, **answer}],
        **response,
    }
    config = {"survey_id": "S1", "question_id": "F1", "metric": "csat", **(score or {})}
    fields = [{"id": "F1", "type": "rating", "properties": {"steps": 5}}]
    return read("typeform", {"items": [given]}, {"scores": [config]}, {"fields": fields})


WORDED = {"choices": {"Good": 2, "r-bad": 1, "true": 2}}


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ({"type": "number", "number": 4}, 4),
        ({"type": "choice", "choice": {"id": "x", "ref": "r", "label": "Good"}}, 2),
        ({"type": "choice", "choice": {"id": "x", "ref": "r-bad", "label": "Bad"}}, 1),
        ({"type": "boolean", "boolean": True}, 2),
        ({"type": "choice", "choice": {"label": "So so"}}, "choice So so has no score in the set"),
        ({"type": "boolean", "boolean": False}, "choice false has no score in the settings"),
        ({"type": "choices", "choices": {"labels": ["Good"]}}, "an answer of type choices is no"),
        ({"type": "number", "number": None}, "None is no score"),
        ({"type": "text", "text": "5"}, "an answer of type text is no score"),
    ],
)
def test_an_answer_of_typeform_has_a_score_or_a_reason(answer, score):
    rows, refused = form_answer(answer, WORDED)
    if isinstance(score, str):
        assert rows == []
        assert refused[0].startswith(f"score: not a number: {score}")
    else:
        assert ([row["score"] for row in rows], refused) == ([score], [])


def test_a_question_that_left_the_form_needs_a_scale_of_the_settings():
    gone = {"type": "number", "number": 4, "field": {"id": "F9", "type": "opinion_scale"}}
    config = {"question_id": "F9"}
    assert form_answer(gone, config)[1] == [
        "score: not a number: its question left the form; set scale_min and scale_max"
    ]
    rows, _ = form_answer(gone, {**config, "scale_min": 0, "scale_max": 10})
    assert [(r["score"], r["scale_max"]) for r in rows] == [(4, 10)]


def test_unfinished_answers_of_typeform_do_not_count():
    given = {"type": "number", "number": 4}
    assert form_answer(given, response_type="partial") == ([], [])


def exported(values: dict[str, Any], score: Any = None, question: Any = None):
    """What an exported answer of Qualtrics becomes."""
    every = {"recordedDate": "2026-03-04T10:15:40Z", "status": 0, "finished": 1, **values}
    config = {"survey_id": "S1", "question_id": "QID1", "metric": "csat", **(score or {})}
    about = {"result": {"Questions": {"QID1": question or {}}}}
    answer = {"responses": [{"responseId": "R1", "values": every}]}
    return read("qualtrics", answer, {"scores": [config]}, about)


SEVEN = {"RecodeValues": {str(n): str(n) for n in range(1, 8)}}


@pytest.mark.parametrize(
    ("values", "score", "question", "found"),
    [
        ({"QID1": 5}, {}, {}, 5),
        ({"QID1": "5"}, {}, {}, 5),
        ({"QID1": ["2"]}, {}, {}, "several answers in one: ['2']"),
        ({"QID1": "Very good"}, {}, {}, "'Very good'"),
        ({"QID1": ""}, {}, {}, "''"),
        ({"QID1": True}, {}, {}, "True is no score"),
        ({"QID1": "nan"}, {}, {}, "'nan'"),
        ({"QID1": 4}, {}, SEVEN, "values are 1 to 7: set scale_min and scale_max"),
        ({"QID1": 4}, {"scale_min": 1, "scale_max": 7}, SEVEN, 4),
        ({"QID1": 9}, {"metric": "nps"}, {"Selector": "NPS"}, 9),
        (
            {"QID1_NPS_GROUP": 3},
            {"question_id": "QID1_NPS_GROUP"},
            {},
            "a group of the NPS; name the question without _NPS_GROUP",
        ),
    ],
)
def test_an_answer_of_qualtrics_has_a_score_or_a_reason(values, score, question, found):
    rows, refused = exported(values, score, question)
    if isinstance(found, str):
        assert (rows, refused) == ([], [f"score: not a number: {found}"])
    else:
        assert ([row["score"] for row in rows], refused) == ([found], [])


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"status": 4}, 1),
        ({"status": 16}, 1),
        ({"finished": 0}, 0),
        ({"status": 1}, 0),
        ({"status": 2}, 0),
        ({"status": 8}, 0),
        ({"distributionChannel": "preview"}, 0),
    ],
)
def test_only_completed_answers_of_customers_count_in_qualtrics(values, counts):
    rows, refused = exported({"QID1": 5, **values})
    assert (len(rows), refused) == (counts, [])


def test_an_unknown_status_of_qualtrics_is_set_aside():
    assert "status 99 is not known" in exported({"QID1": 5, "status": 99})[1][0]
    assert "neither 0 nor 1" in exported({"QID1": 5, "finished": 7})[1][0]


def test_qualtrics_next_page_on_another_data_centre_is_read_at_our_own(only, sandbox: Sandbox):
    fake, bench = sandbox.fakes["qualtrics"], only("qualtrics")
    fake.data_centre = "https://iad1.qualtrics.com"
    assert bench.read(NOW).state == "completed"
    assert bench.fetch("select count(*) from source.survey") == [(2,)]
    found = bench.fetch("select score from source.survey_response")
    told = [s for survey in ("SV_3k9EffortSurvey", "SV_8p2Relationship") for s in fake.told(survey)]
    assert sorted(score for (score,) in found) == sorted(s.value for s in told)


def feedback(score: list[Any], finished: str = "1772619339", **settings: Any):
    """What a record of Medallia becomes."""
    node = {
        "id": {"values": ["11"]},
        "finished": {"values": [finished]},
        "ticket": {"values": []},
        "s0": {"values": score},
    }
    answer = {"data": {"feedback": {"totalCount": 1, "nodes": [node]}}, "errors": None}
    scores = [{"question_id": "e_nps", "metric": "nps"}]
    return read("medallia", answer, {"scores": scores, **settings})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([""], "''"),
        (["Good"], "'Good'"),
        (["3", "4"], "several answers in one: ['3', '4']"),
    ],
)
def test_a_value_of_medallia_that_is_no_score_is_refused(values, reason):
    assert feedback(values) == ([], [f"score: not a number: {reason}"])


def test_a_score_of_medallia_has_the_scale_of_its_metric():
    rows, _ = feedback(["9"])
    assert [(r["score"], r["scale_min"], r["scale_max"]) for r in rows] == [(9, 0, 10)]
    assert feedback([9])[0][0]["score"] == 9


def test_a_text_date_needs_the_time_zone_of_the_instance():
    text, field = "2026-08-01 00:00:01", {"finished_field": "e_responsedate"}
    with pytest.raises(ConfigurationError, match="set finished_zone"):
        feedback(["9"], text, **field)
    with pytest.raises(ConfigurationError, match="set finished_zone"):
        query(Window(NOW, NOW), field)
    with pytest.raises(ConfigurationError, match="is no IANA time zone"):
        query(Window(NOW, NOW), {**field, "finished_zone": "Berlin"})
    rows, _ = feedback(["9"], text, **field, finished_zone="Europe/Berlin")
    assert [r["responded_at"].isoformat() for r in rows] == ["2026-07-31T22:00:01+00:00"]


def test_an_epoch_field_that_holds_text_dates_is_named():
    with pytest.raises(ConfigurationError, match="holds the text date"):
        feedback(["9"], "2026-08-01 00:00:01")


def test_a_field_of_another_id_can_hold_seconds():
    found = query(Window(NOW, NOW), {"finished_field": "k_finish", "finished_zone": "epoch"})
    assert found["variables"]["until"] == str(int(NOW.timestamp()))


def test_pages_that_the_vendor_cuts_shorter_are_not_the_last(only, sandbox: Sandbox):
    fake, bench = sandbox.fakes["medallia"], only("medallia")
    fake.per_page = 10
    assert bench.read(NOW).state == "completed"
    assert bench.fetch("select count(*) from source.survey_response") == [(len(fake.told()),)]


def test_text_dates_are_read_in_windows_and_pages(only, sandbox: Sandbox):
    fake = sandbox.fakes["medallia"]
    text = only("medallia", finished_field="e_responsedate", finished_zone="America/New_York")
    assert text.read(NOW - timedelta(days=5)).state == "completed"
    assert text.read(NOW).state == "completed"
    wanted = sorted(s.at.replace(microsecond=0) for s in fake.told())
    found = text.fetch("select responded_at from source.survey_response")
    assert sorted(at.astimezone(UTC) for (at,) in found) == [at.astimezone(UTC) for at in wanted]


CUSTOM = {"hs_survey_type": "CUSTOM", "hs_survey_id": "13", "hs_value": "4", "speed": "5"}
SCALE = {"scale_min": 1, "scale_max": 5}


@pytest.mark.parametrize(
    ("answers", "questions", "scores", "reason"),
    [
        ({"hs_survey_type": "CSAT", "hs_value": "2"}, (), [2.0], ""),
        ({"hs_survey_type": "CSAT", "hs_value": None}, (), [], "None is no score"),
        ({"hs_survey_type": "NPS", "hs_value": "ten"}, (), [], "ten"),
        (CUSTOM, (), [], "survey 13 is of type CUSTOM, whose scale is not known"),
        (CUSTOM, ("hs_value",), [4.0], ""),
        (CUSTOM, ("speed", "gone"), [5.0], ""),
        ({**CUSTOM, "hs_survey_type": None}, (), [], "survey 13 is of type None"),
    ],
)
def test_an_answer_of_hubspot_has_a_score_or_a_reason(answers, questions, scores, reason):
    given = {"hs_survey_id": "12", "hs_submission_timestamp": "2026-03-01T09:00:00Z", **answers}
    record = {"id": "5", "properties": given}
    settings = {
        "scores": [
            {"survey_id": "13", "question_id": question, "metric": "csat", **SCALE}
            for question in questions
        ]
    }
    rows, reasons = read(
        "hubspot", {"results": [record]}, settings, stream_name="feedback_submissions"
    )
    assert [row["score"] for row in rows] == scores
    assert all(reason in one for one in reasons)
    assert bool(reasons) == bool(reason)


def test_answers_to_custom_surveys_are_asked_for_by_their_property():
    streams = {s.name: s for s in connector("hubspot").streams}
    window = Window(NOW - timedelta(days=1), NOW)
    settings = {"scores": [{"survey_id": "13", "question_id": "speed", "metric": "csat"}]}
    asked = streams["feedback_submissions"].sync.body(window, settings)["properties"]
    assert asked[-1] == "speed"
    assert "speed" not in streams["contacts"].sync.body(window, settings)["properties"]
