"""Checks a connector's requests and its fake's responses against the vendor's own API description.

    python tests/descriptions.py DESCRIPTION VENDOR [--reduce FILE]

DESCRIPTION is an OpenAPI file (JSON or YAML, 3.0 or 3.1), or several: of HubSpot there is one file
for each kind of record. The connector reads a small organisation from its fake; each call is held
against the description. Printed are violations, known flaws of the description
(`connectors/descriptions/known_flaws.yml`, with the reason of each), and calls that it does not
describe. Exits with 1 if there are violations. `--reduce` writes the part of the description that
was needed, without its prose.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tasks.sandbox.fake import Fake, Request, Response

HERE = Path(__file__).parent
KNOWN_FLAWS = HERE / "connectors" / "descriptions" / "known_flaws.yml"
METHODS = ("get", "post", "put", "patch", "delete")
PROSE = {"description", "summary", "example", "examples", "externalDocs", "tags"}
ENOUGH = 20  # calls of one kind; more of them say nothing new

Document = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A request as the fake got it, and what it answered."""

    asked: Request
    reply: Response


@dataclass(frozen=True)
class Flaw:
    """An objection that is the description's fault. Patterns are found anywhere in the text."""

    call: str
    message: str
    because: str

    def covers(self, kind: str, message: str) -> bool:
        return bool(re.search(self.call, kind) and re.search(self.message, message))


@dataclass
class Findings:
    """The result: objections by kind of call, with their counts."""

    violations: Counter[tuple[str, str]] = field(default_factory=Counter)
    flaws: Counter[Flaw] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    not_described: Counter[str] = field(default_factory=Counter)


class Description:
    """One or several OpenAPI documents of a vendor."""

    def __init__(self, documents: Iterable[Document], host: str) -> None:
        self.host = host
        self.parts = [Part(document, host) for document in documents]

    def of(self, asked: Request) -> "Operation | None":
        """The operation of a request; the one with the fewest wildcards if several match."""
        found = [one for part in self.parts if (one := part.of(asked))]
        return min(found, key=lambda one: one.template.count("{"), default=None)


class Part:
    """One OpenAPI document."""

    def __init__(self, document: Document, host: str) -> None:
        servers = document.get("servers") or [{"url": "/"}]
        prefix = urlsplit(re.sub(r"\{[^}]*\}", "x", servers[0]["url"])).path.rstrip("/")
        described = set(document["paths"])
        is_whole = any(path.startswith(prefix + "/") for path in described) if prefix else True
        self.prefix = "" if is_whole else prefix
        self.document = {**document, "servers": [{"url": host + self.prefix}]}
        self.document.pop("security", None)
        self.api = OpenAPI.from_dict(self.document, config=Config(spec_validator_cls=None))

    def of(self, asked: Request) -> "Operation | None":
        fitting = [
            template
            for template, operations in self.document["paths"].items()
            if asked.method.lower() in operations and self._fits(template, asked.path)
        ]
        best = min(fitting, key=lambda template: template.count("{"), default=None)
        return Operation(self, best, asked.method.lower()) if best else None

    def _fits(self, template: str, path: str) -> bool:
        pattern = "[^/]+".join(map(re.escape, re.split(r"\{[^}]*\}", self.prefix + template)))
        return re.fullmatch(pattern + "/?", path) is not None

    def resolve(self, value: Any) -> Any:
        """What a local reference points to, else the value."""
        while isinstance(value, Mapping) and str(value.get("$ref", "")).startswith("#/"):
            found: Any = self.document
            for name in str(value["$ref"])[2:].split("/"):
                found = found[name.replace("~1", "/").replace("~0", "~")]
            value = found
        return value


@dataclass(frozen=True)
class Operation:
    """A described call."""

    part: Part
    template: str
    method: str

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.template}"

    def queries(self) -> set[str]:
        """Names of the query parameters that are described."""
        path = self.part.document["paths"][self.template]
        listed = [*path.get("parameters", ()), *path[self.method].get("parameters", ())]
        parameters = map(self.part.resolve, listed)
        return {one["name"] for one in parameters if one.get("in") == "query"}

    def objections(self, call: Call) -> Iterator[str]:
        """What the description objects to in a request and its response."""
        known = self.queries()
        for name in call.asked.query:
            if name not in known and name.partition("[")[0] not in known:
                yield f"request: no query parameter {name!r}"
        request = _request(call.asked, self.part.document["servers"][0]["url"], self.part.prefix)
        reply = call.reply
        content = "application/json" if not isinstance(reply.content, bytes) else ""
        response = MockResponse(
            reply.encoded(), reply.status, content_type=content or "application/octet-stream"
        )
        for error in self.part.api.iter_request_errors(request):
            yield from (f"request: {text}" for text in messages(error))
        if content or self._has_json(reply.status):
            for error in self.part.api.iter_response_errors(request, response):
                yield from (f"response {reply.status}: {text}" for text in messages(error))

    def _has_json(self, status: int) -> bool:
        answers = self.part.document["paths"][self.template][self.method].get("responses", {})
        return "content" in self.part.resolve(answers.get(str(status), {}))


def _request(asked: Request, server: str, prefix: str) -> MockRequest:
    address = urlsplit(server)
    return MockRequest(
        f"{address.scheme}://{address.netloc}",
        asked.method.lower(),
        asked.path,
        args=dict(asked.query),
        headers=dict(asked.headers),
        data=asked.body or None,
        content_type=asked.headers.get("content-type", "application/json"),
    )


def messages(error: Exception) -> list[str]:
    """The messages of a validator's error, innermost first, with their places."""
    cause: Any = error.__cause__ or error
    found = getattr(cause, "schema_errors", ())
    inner = [_placed(one) for one in found if "for not nullable" not in one.message]
    return inner or [f"{error} {error.__cause__ or ''}".strip()]


def _placed(error: Any) -> str:
    """A schema error, at its deepest, with the place in the document; list indexes are left out."""
    while error.context:
        error = max(error.context, key=lambda one: len(one.absolute_path))
    place = ".".join(str(name) for name in error.absolute_path if not isinstance(name, int))
    value = f" ({json.dumps(error.instance, default=str)[:60]})" if error.instance is None else ""
    text = str(error.message)
    if not text.endswith("is a required property"):
        text = re.sub(r"^(\{.*\}|\[.*\]|'[^']*'|-?\d[\d.]*) ", "a value ", text)[:160]
    return f"{place or 'body'}: {text}{value if value.strip() not in text else ''}"


def load(path: Path) -> Document:
    """An OpenAPI document."""
    text = path.read_text()
    document: Document = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    return document


def known_flaws(vendor: str) -> list[Flaw]:
    """The known flaws of a vendor's description."""
    listed = yaml.safe_load(KNOWN_FLAWS.read_text()).get(vendor) or []
    return [Flaw(one["call"], one["message"], one["because"]) for one in listed]


def check(description: Description, calls: Iterable[Call], flaws: Iterable[Flaw]) -> Findings:
    """Hold each call against the description."""
    findings, flaws = Findings(), list(flaws)
    for call in calls:
        operation = description.of(call.asked)
        if operation is None:
            findings.not_described[f"{call.asked.method} {call.asked.path}"] += 1
            continue
        if findings.checked[operation.name] >= ENOUGH:
            continue
        findings.checked[operation.name] += 1
        for message in dict.fromkeys(operation.objections(call)):
            flaw = next((one for one in flaws if one.covers(operation.name, message)), None)
            if flaw:
                findings.flaws[flaw] += 1
            else:
                findings.violations[operation.name, message] += 1
    return findings


@contextmanager
def recorded(fake: Fake) -> Iterator[list[Call]]:
    """The calls that a fake gets meanwhile, with its answers."""
    calls: list[Call] = []
    answer = fake.answer

    def keeping(asked: Request) -> Response:
        reply = answer(asked)
        calls.append(Call(asked, reply))
        return reply

    fake.answer = keeping  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        del fake.answer


def calls_of(vendor: str) -> tuple[list[Call], str]:
    """The calls of a first load of a small organisation, and the address of the fake."""
    from conftest import Bench
    from tests_support import midnight

    from tasks.sandbox.company import open_sandbox
    from tasks.sandbox.world import World

    today = date(2026, 11, 1)
    world = World(seed=5, first=today - timedelta(35), last=today - timedelta(1), daily=3.0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with open_sandbox(folder / "plans", today=today, world=world) as sandbox:
            os.environ.update(sandbox.secrets)
            accounts = tuple(a for a in sandbox.accounts if a["connector"] == vendor)
            bench = Bench(folder, f"duckdb:///{folder / 'warehouse.duckdb'}", accounts)
            with recorded(sandbox.fakes[vendor]) as calls:
                outcome = bench.read(midnight(today))
            if outcome.state != "completed":
                raise SystemExit(f"the first load is {outcome.state}: {outcome.message}")
            return calls, sandbox.fakes[vendor].base_url


def reduced(description: Description, calls: Iterable[Call]) -> Document:
    """The part of a description that the calls need, without its prose."""
    part = description.parts[0]
    wanted: dict[str, Document] = defaultdict(dict)
    for call in calls:
        operation = part.of(call.asked)
        if operation:
            described = part.document["paths"][operation.template]
            wanted[operation.template][operation.method] = described[operation.method]
            if "parameters" in described:
                wanted[operation.template]["parameters"] = described["parameters"]
    result: Document = {
        "openapi": part.document["openapi"],
        "info": {name: part.document["info"][name] for name in ("title", "version")},
        "paths": _bare(dict(wanted)),
    }
    references = set(_references(result))
    done: set[str] = set()
    while references - done:
        reference = min(references - done)
        done.add(reference)
        *folders, name = reference[2:].split("/")
        place = result
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = _bare(part.resolve({"$ref": reference}))
        references |= set(_references(place[name]))
    return result


def _bare(value: Any, *, names: bool = False) -> Any:
    """A part of a description without prose; `names` says that keys are names of properties."""
    if isinstance(value, list):
        return [_bare(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept: Document = {}
    for key, inner in value.items():
        is_prose = key in PROSE or str(key).startswith("x-") or key == "operationId"
        if names or not is_prose:
            kept[key] = _bare(inner, names=key == "properties" and not names)
    is_response = "content" in kept and "required" not in kept and "in" not in kept
    return {"description": "", **kept} if is_response and not names else kept


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def report(findings: Findings) -> Iterator[str]:
    """Lines for a person."""
    yield f"{len(findings.checked)} kinds of calls checked: {', '.join(sorted(findings.checked))}"
    for (kind, message), count in sorted(findings.violations.items()):
        yield f"VIOLATION {kind}: {message} ({count} times)"
    for flaw, count in sorted(findings.flaws.items(), key=str):
        yield f"known flaw {flaw.call}: {flaw.message} ({count} times): {flaw.because}"
    kinds = Counter(re.sub(r"\d{3,}|_[0-9a-f]+", "…", call) for call in findings.not_described)
    for kind in sorted(kinds):
        yield f"not described: {kind}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("description", type=Path, nargs="+")
    parser.add_argument("vendor")
    parser.add_argument("--reduce", type=Path)
    given = parser.parse_args()
    calls, host = calls_of(given.vendor)
    description = Description(map(load, given.description), host)
    findings = check(description, calls, known_flaws(given.vendor))
    for line in report(findings):
        sys.stdout.write(f"{line}\n")
    if given.reduce:
        text = yaml.safe_dump(reduced(description, calls), sort_keys=False, allow_unicode=True)
        given.reduce.write_text(text)
    sys.exit(1 if findings.violations else 0)


if __name__ == "__main__":
    main()
