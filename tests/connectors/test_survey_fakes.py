"""The fakes of survey tools offer only fields and values that the evidence has.

`<vendor>/evidence.yml` lists for each answer its source and its fields: `[]` is any item of a list,
`*` any key that people choose.
"""

import io
import json
import re
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Bench
from tests_support import TODAY, midnight

from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Fake, InjectedFault, Request

HERE = Path(__file__).parent
KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "flag": (bool,),
    "null": (type(None),),
}
Content = Any


def evidence(vendor: str) -> dict[str, dict[str, Any]]:
    """Source and fields of each answer of a vendor."""
    read: dict[str, dict[str, Any]] = yaml.safe_load((HERE / vendor / "evidence.yml").read_text())
    return read


def leaves(content: Content, path: str = "") -> Iterator[tuple[str, Content]]:
    """Every value of an answer with its path."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from leaves(value, f"{path}.{name}" if path else name)
    elif isinstance(content, list):
        for value in content:
            yield from leaves(value, f"{path}[]")
    else:
        yield path, content


def is_allowed(value: Content, rule: str | list[Content]) -> bool:
    """Whether a value is of the kind, or one of the values, that the evidence has."""
    if isinstance(rule, list):
        return value in rule
    kinds = tuple(kind for name in rule.split(" or ") for kind in KINDS[name])
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def not_in(content: Content, fields: Mapping[str, str | list[Content]]) -> set[str]:
    """Paths of an answer that the evidence lacks, or whose value it lacks."""
    patterns = [
        (re.compile(re.escape(path).replace(r"\*", r"[^.\[\]]*")), rule)
        for path, rule in fields.items()
    ]
    return {
        f"{path}: {value!r}"
        for path, value in leaves(content)
        if not any(p.fullmatch(path) and is_allowed(value, rule) for p, rule in patterns)
    }


class Vendor:
    """A fake, asked without a connector."""

    def __init__(self, fake: Fake, **headers: str) -> None:
        self.fake, self.headers = fake, headers

    def get(self, path: str, body: Content = None, **query: str) -> Content:
        """What the fake answers."""
        method = "GET" if body is None else "POST"
        sent = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        return self.fake.answer(Request(method, path, query, self.headers, sent)).content


def surveymonkey(fake: Fake) -> dict[str, list[Content]]:
    asked = Vendor(fake, authorization="bearer surveymonkey-demo-token")
    surveys = ("310001", "310002")
    include = "response_count,question_count,date_created,date_modified"
    pages = range(1, 4)
    return {
        "users/me": [asked.get("/v3/users/me")],
        "surveys": [asked.get("/v3/surveys", per_page="1")],
        "surveys included": [asked.get("/v3/surveys", include=include)],
        "details": [asked.get(f"/v3/surveys/{survey}/details") for survey in surveys],
        "responses": [
            asked.get(f"/v3/surveys/{survey}/responses/bulk", page=str(page), per_page="100")
            for survey in surveys
            for page in pages
        ],
        "refusals": [
            Vendor(fake).get("/v3/users/me"),
            asked.get("/v3/surveys/1/details"),
            fake.throttled().content,
            fake.forbidden().content,
        ],
    }


def typeform(fake: Fake) -> dict[str, list[Content]]:
    asked = Vendor(fake, authorization="Bearer typeform-demo-token")
    forms = ("u6nXL7", "e4fFrt")
    return {
        "forms": [asked.get("/forms")],
        "form": [asked.get(f"/forms/{form}") for form in forms],
        "responses": [asked.get(f"/forms/{form}/responses", page_size="1000") for form in forms],
        "refusals": [
            Vendor(fake).get("/forms"),
            asked.get("/forms/gone"),
            fake.throttled().content,
            fake.forbidden().content,
        ],
    }


def qualtrics(fake: Fake) -> dict[str, list[Content]]:
    asked = Vendor(fake, **{"x-api-token": "qualtrics-demo-token"})
    surveys = ("SV_3k9EffortSurvey", "SV_8p2Relationship")
    started, polled, files = [], [], []
    for survey in surveys:
        exports = f"/API/v3/surveys/{survey}/export-responses"
        started.append(asked.get(exports, {"format": "json"}))
        job = started[-1]["result"]["progressId"]
        polled += [asked.get(f"{exports}/{job}") for _ in range(2)]
        packed = asked.get(f"{exports}/{polled[-1]['result']['fileId']}/file")
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            files += [json.loads(archive.read(name)) for name in archive.namelist()]
    return {
        "surveys": [asked.get("/API/v3/surveys"), asked.get("/API/v3/surveys", skipToken="1")],
        "definition": [asked.get(f"/API/v3/survey-definitions/{survey}") for survey in surveys],
        "start": started,
        "poll": polled,
        "file": files,
        "refusals": [
            Vendor(fake).get("/API/v3/surveys"),
            asked.get("/API/v3/survey-definitions/SV_000000000000000"),
            fake.throttled().content,
            fake.forbidden().content,
        ],
    }


def medallia(fake: Fake) -> dict[str, list[Content]]:
    login = b64encode(b"md-client:medallia-demo-secret").decode()
    token = Vendor(fake, authorization=f"Basic {login}").get(
        "/oauth/alderfinch/token", b"grant_type=client_credentials"
    )
    asked = Vendor(fake, authorization=f"Bearer {token['access_token']}")

    def answers(*fields: str) -> Content:
        chosen = " ".join(
            f's{place}: fieldData(fieldId: "{field}") {{ values }}'
            for place, field in enumerate(fields)
        )
        query = (
            f"query Page($n: Int!) {{ feedback(first: $n) {{ totalCount nodes {{ {chosen} }} }} }}"
        )
        return asked.get("/data/v0/query", {"query": query, "variables": {"n": 1000}})

    return {
        "token": [token],
        "query": [answers("a_surveyid", "e_responsedate", "e_ticket_id", "e_nps_score")],
        "hidden field": [answers("a_surveyid", "e_hidden")],
    }


ASK: Mapping[str, Callable[[Fake], dict[str, list[Content]]]] = {
    "medallia": medallia,
    "qualtrics": qualtrics,
    "surveymonkey": surveymonkey,
    "typeform": typeform,
}


@pytest.mark.parametrize("vendor", ASK)
def test_the_fake_offers_only_what_the_evidence_has(sandbox: Sandbox, vendor: str):
    fake = sandbox.fakes[vendor]
    answers, known = ASK[vendor](fake), evidence(vendor)
    assert set(answers) == set(known)
    for name, contents in answers.items():
        assert known[name]["source"]
        for content in contents:
            assert list(leaves(content)), name
            assert not not_in(content, known[name]["fields"]), name


def test_a_field_or_value_without_evidence_is_found():
    fields: dict[str, str | list[Content]] = {"a[].status": ["new"], "b.*": "text or null"}
    assert not not_in({"a": [{"status": "new"}], "b": {"own": None, "more": "x"}}, fields)
    assert not_in({"a": [{"status": "old", "more": 1}], "b": {"own": True}}, fields) == {
        "a[].status: 'old'",
        "a[].more: 1",
        "b.own: True",
    }


@pytest.mark.parametrize(
    ("vendor", "path"),
    [
        ("qualtrics", "SV_8p2Relationship/export"),
        ("surveymonkey", "310002/responses"),
        ("typeform", "e4fFrt/responses"),
    ],
)
def test_a_survey_that_the_token_may_not_read_costs_that_survey(
    every_account: Bench, sandbox: Sandbox, vendor: str, path: str
):
    """It failed the stream; now a run without the refusal reads it from its start."""
    survey = path.partition("/")[0]
    sandbox.fakes[vendor].faults = [InjectedFault("forbidden", path, times=99)]
    accounts = tuple(a for a in every_account.accounts if a["connector"] == vendor)
    bench = replace(every_account, accounts=accounts)
    listed = "select survey_id, min(responded_at) from source.survey_response group by 1"
    first = bench.read(midnight(TODAY) - timedelta(days=1))
    assert first.state == "completed", first.message
    assert survey not in dict(bench.fetch(listed))
    (warning,) = (w for result in first.streams for w in result.warnings if "refused" in w)
    assert path in warning
    sandbox.fakes[vendor].faults = []
    assert bench.read(midnight(TODAY)).state == "completed"
    assert dict(bench.fetch(listed))[survey] < midnight(TODAY) - timedelta(days=30)


def test_a_token_that_may_read_no_survey_fails_by_name(every_account: Bench, sandbox: Sandbox):
    sandbox.fakes["typeform"].faults = [InjectedFault("forbidden", "/responses", times=99)]
    accounts = tuple(a for a in every_account.accounts if a["connector"] == "typeform")
    outcome = replace(every_account, accounts=accounts).read(midnight(TODAY))
    (failed,) = outcome.failures
    assert "403 Missing scope responses:read" in failed.message
