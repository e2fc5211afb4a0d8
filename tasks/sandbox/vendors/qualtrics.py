"""Fake Qualtrics v3, from Qualtrics' public API collection: surveys, definitions, exports in three
steps.
"""

import csv
import io
import json
import re
import zipfile
from datetime import datetime
from http import HTTPStatus
from typing import Any

from tasks.sandbox.fake import Fake, Request, Response, iso
from tasks.sandbox.oauth import TokenDesk
from tasks.sandbox.story import Score
from tasks.sandbox.world import World

EFFORT, RELATIONSHIP = "SV_3k9EffortSurvey", "SV_8p2Relationship"
SURVEYS = {
    EFFORT: ("effort", "Ticket effort"),
    RELATIONSHIP: ("relationship", "Would you recommend us?"),
}
_KNOWN = {
    "format",
    "startDate",
    "endDate",
    "limit",
    "sortByLastModifiedDate",
    "exportResponsesInProgress",
    "allowContinuation",
    "continuationToken",
    "timeZone",
    "useLabels",
    "compress",
    "questionIds",
    "filterId",
}
_HEADS = {
    "startDate": "StartDate",
    "endDate": "EndDate",
    "status": "Status",
    "progress": "Progress",
    "duration": "Duration (in seconds)",
    "finished": "Finished",
    "recordedDate": "RecordedDate",
    "distributionChannel": "DistributionChannel",
    "userLanguage": "UserLanguage",
    "QID1": "Q1",
    "QID3_TEXT": "Q3",
    "ticket_id": "ticket_id",
}

_NOT_COUNTED: dict[str, dict[str, Any]] = {
    "R_preview": {"distributionChannel": "preview", "status": 1},
    "R_unfinished": {"finished": 0, "progress": 50},
    "R_spam": {"status": 8},
}


class Qualtrics(Fake):
    """A brand with two surveys; an export is ready at the second look."""

    def __init__(
        self, world: World, *, clock: datetime | None = None, token: str = "qualtrics-demo-token"
    ) -> None:
        super().__init__(clock=clock)
        self.world = world
        self._token = token
        self.token_desk = TokenDesk(
            "qualtrics",
            ("qualtrics-client", "qualtrics-demo-secret"),
            ("client_credentials",),
            basic=True,
            needs_scope=True,
            more={"expires_in": 3599, "scope": "read:surveys read:survey_responses"},
        )
        self.fails = False
        self.notice = ""  # what another data centre says when it passes a request on
        self.data_centre = ""  # the address of next pages, if it is another than this host's
        self._exports: dict[str, tuple[str, dict[str, Any], int]] = {}

    def _meta(self, status: str = "200 - OK") -> dict[str, Any]:
        notice = {"notice": self.notice} if self.notice else {}
        return {"requestId": "r-1", "httpStatus": status, **notice}

    def _error(self, status: int, code: str, text: str) -> Response:
        return Response(
            {
                "meta": {
                    **self._meta(f"{status} - {HTTPStatus(status).phrase}"),
                    "error": {"errorCode": code, "errorMessage": text, "instanceId": None},
                }
            },
            status,
        )

    def unauthorized(self) -> Response:
        return self._error(401, "AUTH_4", "Unrecognized X-API-TOKEN.")

    def throttled(self) -> Response:
        return self._error(429, "RL_1", "The concurrent request limit was reached")

    def forbidden(self) -> Response:
        return self._error(403, "AUTH_6", "You do not have permission")

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth2/token":
            return self.token_desk.answer(asked)
        is_known = asked.headers.get("x-api-token") == self._token
        if not is_known and asked.bearer() not in self.token_desk.tokens:
            return self.unauthorized()
        path = asked.path.removeprefix("/API/v3/").rstrip("/")
        if path == "whoami":
            return Response({"result": {"userId": "UR_1"}, "meta": self._meta()})
        if path == "surveys":
            return self._surveys(asked)
        match = re.fullmatch(
            r"(surveys|survey-definitions)/(SV_\w{15})(?:/export-responses)?(?:/(\w+)(/file)?)?",
            path,
        )
        if not match or match[2] not in SURVEYS:
            return self._error(404, "QSS_1", "not found")
        if match[1] == "survey-definitions":
            return Response(
                {
                    "result": {
                        "Questions": {
                            "QID1": self._question(match[2]),
                            "QID3": {
                                "QuestionText": "Anything to add?",
                                "QuestionType": "TE",
                                "Selector": "ML",
                            },
                        }
                    },
                    "meta": self._meta(),
                }
            )
        if match[4]:
            return Response(self._zip(match[3]), 200, {"content-type": "application/zip"})
        return self._poll(match[3]) if match[3] else self._start(match[2], asked.json())

    def _surveys(self, asked: Request) -> Response:
        listed = list(SURVEYS)
        place = int(asked.query.get("skipToken", "0"))
        rows = [
            {
                "id": i,
                "name": SURVEYS[i][1],
                "ownerId": "UR_1",
                "lastModified": "2024-03-01T08:00:00Z",
                "creationDate": "2024-01-01T08:00:00Z",
                "isActive": True,
            }
            for i in listed[place : place + 1]
        ]
        link = (
            f"{self.data_centre or self.base_url}/API/v3/surveys?skipToken={place + 1}"
            if place + 1 < len(listed)
            else None
        )
        return Response({"result": {"elements": rows, "nextPage": link}, "meta": self._meta()})

    def _question(self, survey: str) -> dict[str, Any]:
        scale = range(1, 8) if survey == EFFORT else range(11)
        return {
            "QuestionText": SURVEYS[survey][1],
            "QuestionType": "MC",
            "Selector": "SAVR" if survey == EFFORT else "NPS",
            "DataExportTag": "Q1",
            "Choices": {str(v): {"Display": str(v)} for v in scale},
            "RecodeValues": {str(v): str(v) for v in scale},
        }

    def _start(self, survey: str, body: dict[str, Any]) -> Response:
        if body.get("format") not in {"json", "csv"} or set(body) - _KNOWN:
            return self._error(400, "EX_1", "parameters are case-sensitive")
        job = f"ES_{len(self._exports)}"
        self._exports[job] = (survey, body, 0)
        return Response(
            {
                "result": {"progressId": job, "percentComplete": 0.0, "status": "inProgress"},
                "meta": self._meta(),
            }
        )

    def _poll(self, job: str) -> Response:
        survey, body, looks = self._exports[job]
        self._exports[job] = (survey, body, looks + 1)
        if self.fails:
            return Response(
                {
                    "result": {"fileId": None, "percentComplete": 100.0, "status": "failed"},
                    "meta": self._meta(),
                }
            )
        if looks == 0:
            return Response(
                {"result": {"percentComplete": 0.0, "status": "inProgress"}, "meta": self._meta()}
            )
        return Response(
            {
                "result": {
                    "fileId": f"F{job}",
                    "percentComplete": 100.0,
                    "status": "complete",
                },
                "meta": self._meta(),
            }
        )

    def told(self, survey: str) -> list[Score]:
        """Answers so far."""
        return [
            s for s in self.world.scores if s.survey == SURVEYS[survey][0] and s.at <= self.clock
        ]

    def _zip(self, name: str) -> bytes:
        survey, body, _ = self._exports[name.removeprefix("F")]
        rows = [
            self._response(s)
            for s in self.told(survey)
            if body.get("startDate", "") <= iso(s.at) < body.get("endDate", "9")
        ][: body.get("limit")]
        if rows:
            rows += [
                {**rows[-1], "responseId": name, "values": {**rows[-1]["values"], **values}}
                for name, values in _NOT_COUNTED.items()
            ]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            if body["format"] == "csv":
                archive.writestr(f"{SURVEYS[survey][1]}.csv", self._csv(survey, rows))
            else:
                archive.writestr("../../Ticket effort.json", json.dumps({"responses": rows}))
        return packed.getvalue()

    def _csv(self, survey: str, rows: list[dict[str, Any]]) -> str:
        """Three rows of heads: names, texts, ids."""
        written = io.StringIO()
        writer = csv.writer(written)
        writer.writerow([*_HEADS.values(), "ResponseId"])
        writer.writerow(
            [SURVEYS[survey][1] if key == "QID1" else head for key, head in _HEADS.items()]
            + ["Response ID"]
        )
        writer.writerow([json.dumps({"ImportId": key}) for key in (*_HEADS, "_recordId")])
        writer.writerows(
            [*(row["values"].get(key, "") for key in _HEADS), row["responseId"]] for row in rows
        )
        return written.getvalue()

    def _response(self, score: Score) -> dict[str, Any]:
        values: dict[str, Any] = {
            "startDate": iso(score.at),
            "endDate": iso(score.at),
            "recordedDate": iso(score.at),
            "status": 0,
            "finished": 1,
            "progress": 100,
            "duration": score.seconds,
            "distributionChannel": "anonymous",
            "userLanguage": "EN",
            "QID1": score.value,
            "QID3_TEXT": "Thanks",
        }
        if score.ticket:
            values["ticket_id"] = str(score.ticket)
        return {
            "responseId": f"R_{score.number:x}",
            "values": values,
            "labels": {"QID1": str(score.value)},
            "displayedFields": ["QID1"],
            "displayedValues": {},
        }
