"""One vendor account over HTTP: credentials only to its own origin, retries with backoff.

The vendor's Retry-After and its like are honoured.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter

from tasks.errors import (
    BudgetSpentError,
    ConfigurationError,
    ContractError,
    CredentialsError,
    ForeignHostError,
    NotInPlanError,
    RejectedByVendorError,
    RetryableVendorError,
    SlowAnswerError,
    ThrottledError,
    TruncatedPageError,
    UnreachableError,
)
from tasks.rest.address import base_url_of, host_names, host_of, origin_of
from tasks.rest.auth import SignIn, TokenRequest, TokenResponse, chosen_way
from tasks.rest.kept import Keeper
from tasks.rest.limits import RateLimiter, wait_of
from tasks.rest.network import Network
from tasks.rest.refusals import message_of, names_missing_feature, refusal_of
from tasks.rest.spec import Connector, Json, Precondition, Probe, Request
from tasks.rest.unzip import unzipped
from tasks.settings import remember_secret

Accepted = TypeVar("Accepted")

_FORBIDDEN = 403
_TIMEOUTS = (10.0, 120.0)
_CHUNK = 1 << 20
_OUT_OF_TIME = {408, 499, 504, 524}
_PORTS = {"http": 80, "https": 443}
_BROKEN = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to ask. Seconds; `max_wait` bounds what the vendor wants.

    Waits double from `first_wait` on, from `first_throttled_wait` after a 429 that names none: six
    attempts then outlast a limit by the minute.
    """

    max_attempts: int = 6
    first_wait: float = 0.5
    first_throttled_wait: float = 2.0
    max_wait: float = 300.0
    biggest_page: int = 256 << 20
    longest_answer: float = 900.0


@dataclass(frozen=True, slots=True)
class Response:
    """A successful response: headers in lower case, and the body with its encoding undone."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Account:
    """What a client needs to know of one account. `values` holds settings and secrets by name."""

    name: str
    values: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)
    base_url: str | None = None
    requests_per_minute: int | None = None
    network: Network = field(default_factory=Network)
    keeper: Keeper | None = None
    retry_policy: RetryPolicy = RetryPolicy()


class Client:
    """HTTP for one account of one connector.

    Used from one thread at a time per call; the pace is shared.
    """

    def __init__(
        self, connector: Connector, account: Account, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.connector, self.account = connector, account
        self.requests_made = 0
        self.hidden_fields: dict[str, list[str]] = {}  # that the login may not see, by stream
        self.refusals: dict[str, list[str]] = {}  # of single surveys, by stream
        self.remarks: dict[str, list[str]] = {}  # what a user should know, by stream
        self.page_sizes: dict[str, int] = {}  # by stream, where the vendor wanted smaller pages
        self._sleep = sleep
        values = connector.values_of(account.values, is_replaced=bool(account.base_url))
        self._base = account.base_url or base_url_of(
            connector.base_url, connector.other_base_urls, values
        )
        self._origin = _origin(self._base)
        self._retry_policy = account.retry_policy
        self._random = random.Random(account.name)
        limit = account.requests_per_minute
        self._limiter = RateLimiter(
            connector.limits.requests_per_minute if limit is None else limit
        )
        self._limiters: dict[str, RateLimiter] = {}
        self._tried_403 = False
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._unmet: list[str] | None = None  # blocking preconditions; None: not yet asked for
        self._session = requests.Session()
        self._session.trust_env = False  # a .netrc entry would silently replace our credentials
        self._session.mount("http://", HTTPAdapter(pool_maxsize=8))
        self._session.mount("https://", HTTPAdapter(pool_maxsize=8))
        account.network.proxies(self._base)  # a wrong address is refused before anything is asked
        self._verify, self._certificate = account.network.verify, account.network.certificate
        self._headers = {name: _fill(text, values) for name, text in connector.headers.items()}
        allowed = host_names("file_hosts", str(account.settings.get("file_hosts") or ""))
        self._file_hosts = (*connector.file_hosts, *allowed)
        sign_in = SignIn(
            values,
            self._ask_token,
            origin=origin_of(self._base),
            is_replaced=bool(account.base_url),
            keeper=account.keeper,
        )
        self.way = chosen_way(connector.auth, values)
        self._login_url = self.way.login_url(sign_in)
        self._auth = self.way.bind(sign_in)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that get secrets: the account's own, and the one that gives tokens."""
        return tuple(dict.fromkeys(host_of(url) for url in (self._login_url, self._base) if url))

    @property
    def network(self) -> list[str]:
        """What is used on the way to the account's host, in words."""
        return self.account.network.described(self._base)

    def pace_for(self, stream: str, per_minute: int | None) -> None:
        """Give a stream its own limit, as for Zendesk's incremental exports.

        None: the account's limit only.
        """
        if per_minute and self.account.requests_per_minute is None:
            with self._lock:
                self._limiters.setdefault(stream, RateLimiter(per_minute))

    def send(
        self,
        request: Request,
        *,
        stream: str = "",
        optional: bool = False,
        accept: Callable[[bytes], Accepted],
        missing: bytes | None = None,
        may_shrink: bool = False,
    ) -> tuple[Response, Accepted]:
        """The response, and what `accept` made of its body.

        A body that `accept` finds cut is asked for again. `missing` stands for the body of a 404.
        With `may_shrink`, what takes the vendor too long is not asked for again as it is.

        Raises one of the VendorErrors of `tasks.errors`, with the vendor's own words in the
        message.
        """
        renewed, carried = False, dict[str, str]()
        for attempt in range(1, self._retry_policy.max_attempts + 1):
            try:
                answer = self._once(
                    request, carried, stream=stream, optional=optional, missing=missing
                )
                self._look_for_failure(answer)
                return answer, accept(answer.body)
            except CredentialsError as refusal:
                if renewed or not self._may_renew(refusal) or not self._auth.renew(carried):
                    raise
                renewed = True
            except RetryableVendorError as trouble:
                is_too_much = may_shrink and isinstance(trouble, SlowAnswerError)
                if is_too_much or attempt == self._retry_policy.max_attempts:
                    raise
                self._sleep(self._delay(attempt, trouble))
        raise CredentialsError(f"{self._who(request)}: credentials are refused even after renewal")

    def check(self) -> None:
        """One cheap call that proves the credentials. Raises VendorError."""

        def is_login(body: bytes) -> None:
            if self.connector.is_login and not self.connector.is_login(msgspec.json.decode(body)):
                raise CredentialsError(
                    f"{self.account.name}: the vendor treated the request as anonymous; check the"
                    " token"
                )

        self.send(self.connector.check, accept=is_login)

    def broken_preconditions(self, streams: Collection[str]) -> Iterator[str]:
        """What does not hold of the account, each with what to do.

        A call that is refused is a complaint too, if not for a feature that the plan may lack.
        `streams` are the names of those that are read. Raises VendorError where the vendor cannot
        be reached.
        """
        may_lack = {stream.name for stream in self.connector.streams if stream.optional}
        for condition in self._preconditions():
            if not condition.needed_by or condition.needed_by in streams:
                optional = condition.needed_by in may_lack
                yield from (
                    f"{condition.name}: {one}"
                    for one in self._complaints(condition, is_optional=optional)
                )

    def _preconditions(self) -> Iterator[Precondition]:
        """Those of the vendor, then those that the settings make."""
        yield from self.connector.preconditions
        if self.connector.preconditions_of is not None:
            yield from self.connector.preconditions_of(self.account.settings)

    def require(self) -> None:
        """Raise ConfigurationError if a blocking precondition does not hold.

        The vendor is asked once, before the first page of any stream.
        """
        with self._asking:
            if self._unmet is None:
                self._unmet = [
                    f"{self.account.name}: {condition.name}: {complaint}"
                    for condition in self.connector.preconditions
                    if condition.is_blocking
                    for complaint in self._complaints(condition, is_optional=False)
                ]
        if self._unmet:
            raise ConfigurationError("; ".join(self._unmet))

    def _complaints(self, condition: Precondition, *, is_optional: bool) -> Iterator[str]:
        """What is wrong with one precondition."""
        if condition.probe is not None:
            yield from self._probed(condition.probe(self.account.settings))
            return
        answer: Json = None
        try:
            if condition.request is not None:
                _, answer = self.send(condition.request, optional=is_optional, accept=_json)
        except RejectedByVendorError as refusal:
            if isinstance(refusal, CredentialsError) and refusal.status != _FORBIDDEN:
                raise  # nobody is signed in
            if not (is_optional and isinstance(refusal, NotInPlanError)):
                yield str(refusal)
            return
        yield from condition.look(answer, self.account.settings)

    def _probed(self, probe: Probe) -> Iterable[str]:
        """The end of several calls, each made of what the one before it brought."""
        answer: Json = None
        try:
            request = next(probe)
            while True:
                try:
                    _, answer = self.send(request, optional=True, accept=_json)
                except NotInPlanError:
                    answer = None
                request = probe.send(answer)
        except StopIteration as end:
            return end.value or ()

    def close(self) -> None:
        """Return the connections."""
        self._session.close()

    def pause(self, seconds: float) -> None:
        """Wait between two looks at a file that the vendor prepares."""
        self._sleep(min(seconds, self._retry_policy.max_wait))

    @property
    def biggest_page(self) -> int:
        """Bytes that a page or an unpacked file may have."""
        return self._retry_policy.biggest_page

    def _once(
        self,
        request: Request,
        carried: dict[str, str],
        *,
        stream: str,
        optional: bool,
        missing: bytes | None,
    ) -> Response:
        """One answer, redirects within the account's own host followed.

        `carried` takes the credentials that were sent.
        """
        self._limiter.wait()
        if stream in self._limiters:
            self._limiters[stream].wait()
        request = self._without_hidden(request, stream)
        url = self._url(request)
        for _ in range(5):
            status, headers, body = self._call(request, url, carried)
            location = headers.get("location")
            if status not in {301, 302, 303, 307, 308} or not location:
                if status == 404 and missing is not None:
                    return Response(headers, missing)
                is_refused = status == 400 or (status == 200 and bool(self._failure(body)))
                if is_refused and self._is_hidden(request, body, stream):
                    return self._once(
                        request, carried, stream=stream, optional=optional, missing=missing
                    )
                return self._judge(request, status, headers, body, optional=optional)
            url = self._own(_joined(url, location), request)
        raise ContractError(f"{self._who(request)}: redirected in a circle")

    def _without_hidden(self, request: Request, stream: str) -> Request:
        """The request without the fields that the login may not see."""
        hidden = self.connector.hidden_fields
        if hidden is not None:
            for name in self.hidden_fields.get(stream, ()):
                request = hidden.without(request, name) or request
        return request

    def _is_hidden(self, request: Request, body: bytes, stream: str) -> bool:
        """Whether a refusal names a field that the stream can do without; it is remembered.

        A call of no stream, such as one of `doctor`, stays refused.
        """
        hidden = self.connector.hidden_fields
        name = hidden.named(body) if hidden and stream else None
        if hidden is None or name is None or hidden.without(request, name) is None:
            return False
        with self._lock:
            known = self.hidden_fields.setdefault(stream, [])
            known.append(name)
        return known.count(name) == 1

    def _call(
        self, request: Request, url: str, carried: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        self.requests_made += 1
        if not request.anonymous:
            carried |= self._auth.headers()
        headers = (
            {"Accept": "*/*"}
            if request.anonymous
            else {"Accept": "application/json", **self._headers, **carried}
        )
        data = None
        if request.body is not None:
            data, headers["Content-Type"] = msgspec.json.encode(request.body), "application/json"
        try:
            with self._session.request(
                request.method,
                url,
                params=dict(request.params) or None,
                headers=headers,
                data=data,
                timeout=_TIMEOUTS,
                allow_redirects=False,
                stream=True,
                **self._way_to(url, anonymous=request.anonymous),
            ) as response:
                body = self._read(response, self._who(request))
                lowered = _lowered(response)
                return response.status_code, lowered, body
        except requests.exceptions.SSLError as trouble:
            raise ConfigurationError(f"{self._who(request)}: {_distrust(trouble)}") from None
        except (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError):
            raise TruncatedPageError(f"{self._who(request)}: the answer broke off") from None
        except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError) as trouble:
            raise SlowAnswerError(f"{self._who(request)}: {_plain(trouble)}") from None
        except _BROKEN as trouble:
            raise UnreachableError(f"{self._who(request)}: {_plain(trouble)}") from None
        except ValueError:  # the HTTP library looks where a redirect leads, followed or not
            raise ForeignHostError(
                f"{self._who(request)}: leads to an address that cannot be read"
            ) from None

    def _read(self, response: requests.Response, who: str) -> bytes:
        """The body, bounded in bytes and in time, against slow and unbounded responses."""
        parts, size, until = [], 0, time.monotonic() + self._retry_policy.longest_answer
        for part in _content(response):
            size += len(part)
            if size > self._retry_policy.biggest_page:
                raise ContractError(
                    f"{who}: a page over {self._retry_policy.biggest_page >> 20} MiB"
                )
            if time.monotonic() > until:
                raise SlowAnswerError(
                    f"{who}: no whole answer within {self._retry_policy.longest_answer:,.0f} s"
                )
            parts.append(part)
        return b"".join(parts)

    def _judge(
        self,
        request: Request,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        optional: bool,
    ) -> Response:
        limits = self.connector.limits
        if limits.spent and limits.spent(status, headers, body):
            raise BudgetSpentError(
                f"{self._who(request)}: the day's calls are used up; the next run continues from"
                " here"
            )
        if status == 204:
            return Response(headers, self.connector.empty)
        if status in {200, 201, 202, 207}:
            return Response(headers, body)
        said = f"{self._who(request)}: {status} {message_of(body)}"
        if limits.busy and limits.busy(status, headers, body):
            raise ThrottledError(said, wait_seconds=wait_of(limits, headers, body))
        if status in limits.retry_statuses:
            raise _trouble(status)(said, wait_seconds=wait_of(limits, headers, body))
        if optional and status == 400 and names_missing_feature(body):
            raise NotInPlanError(said)
        if optional and status in {403, 404}:
            raise NotInPlanError(said)
        if status in {401, 403}:
            raise CredentialsError(said, status=status)
        if status == 404:
            raise NotInPlanError(said)
        raise RejectedByVendorError(said)

    def _may_renew(self, refusal: CredentialsError) -> bool:
        """Whether a new token may help: after a 401, and once after a 403.

        Most 403 mean a scope, which a new token has not either, and tokens are limited.
        """
        if refusal.status != _FORBIDDEN:
            return refusal.status is not None
        with self._lock:
            was_tried, self._tried_403 = self._tried_403, True
        return not was_tried

    def _look_for_failure(self, answer: Response) -> None:
        """Refuse a 200 with an error inside, such as ServiceNow's cancelled transaction."""
        failure = self._failure(answer.body)
        if failure:
            raise TruncatedPageError(
                f"{self.account.name}: 200 with an error inside: {message_of(failure[:500])}"
            )

    def _failure(self, body: bytes) -> bytes:
        """The body from an error inside on, by the key that the vendor gives it; else nothing."""
        field_name = self.connector.failed_inside
        key = rb'"' + (field_name or "").encode() + rb'"\s*:\s*(\{|\[\s*\{)'
        ends = body[:500] + body[-2000:]
        found = re.search(key, ends) if field_name else None
        return ends[found.start() :] if found else b""

    def _url(self, request: Request) -> str:
        if re.match(r"[a-z][a-z0-9+.-]*:", request.path, re.IGNORECASE):
            return self._own(request.path, request)
        return self._base.rstrip("/") + "/" + request.path.lstrip("/")

    def _own(self, url: str, request: Request) -> str:
        if request.anonymous:
            return self._listed(url, request)
        if _origin(url) != self._origin or "@" in _parts(url).netloc:
            raise ForeignHostError(
                f"{self._who(request)}: leads to {_origin(url)[1] or 'no readable address'}, not to"
                f" {self._origin[1]}; not followed, no credentials sent"
            )
        return url

    def _listed(self, url: str, request: Request) -> str:
        """The address of an exported file: at a host that is listed, and by https."""
        scheme, host, _ = _origin(url)
        is_listed = any(host == name or host.endswith(f".{name}") for name in self._file_hosts)
        if (
            not is_listed
            or (scheme != "https" and host != "localhost")
            or "@" in _parts(url).netloc
        ):
            raise ForeignHostError(
                f"{self._who(request)}: a file at {host} is not fetched; if it is the vendor's, add"
                " it to file_hosts of the account"
            )
        return url

    def _way_to(self, url: str, *, anonymous: bool = False) -> dict[str, Any]:
        """Proxy, authorities and client certificate of a request; a foreign host gets none."""
        return {
            "proxies": self.account.network.proxies(url),
            "verify": self._verify,
            "cert": None if anonymous else self._certificate,
        }

    def _ask_token(self, request: TokenRequest) -> TokenResponse:
        """The answer of a token endpoint, which must have an access token."""
        who = f"{self.account.name}: token endpoint of {host_of(request.url)}"
        status, headers, body = self._post(request, who)
        if status >= 500 or status == 429:
            kind = ThrottledError if status == 429 else UnreachableError
            wait = wait_of(self.connector.limits, headers, body)
            raise kind(f"{who} answers {status}", wait_seconds=wait)
        try:
            found = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            found = {}
        if (
            not 200 <= status < 300
            or not isinstance(found, dict)
            or not isinstance(found.get("access_token"), str)
        ):
            raise CredentialsError(
                f"{self.account.name}: no token given: {status} {refusal_of(body)}".rstrip()
            )
        for name in ("access_token", "refresh_token"):
            if isinstance(found.get(name), str):
                remember_secret(found[name])
        return found

    def _post(self, request: TokenRequest, who: str) -> tuple[int, dict[str, str], bytes]:
        form = dict(request.form)
        try:
            with self._session.post(
                request.url,
                auth=request.user,
                headers={"Accept": "application/json"},
                timeout=_TIMEOUTS,
                allow_redirects=False,
                stream=True,
                data=None if request.as_json else form,
                json=form if request.as_json else None,
                **self._way_to(request.url),
            ) as response:
                return response.status_code, _lowered(response), self._read(response, who)
        except requests.exceptions.SSLError as trouble:
            raise ConfigurationError(f"{who}: {_distrust(trouble)}") from None
        except _BROKEN as trouble:
            raise UnreachableError(f"{who}: {_plain(trouble)}") from None
        except ValueError:
            raise CredentialsError(f"{who}: leads to an address that cannot be read") from None

    def _delay(self, attempt: int, trouble: RetryableVendorError) -> float:
        policy, wish = self._retry_policy, trouble.wait_seconds
        luck, doubled = self._random.random(), 2 ** (attempt - 1)
        if wish is not None:
            return min(max(wish, 0.0), policy.max_wait) + luck * min(0.2, wish)
        if isinstance(trouble, ThrottledError):
            wait = policy.first_throttled_wait * doubled * (1 + luck / 4)
            return float(min(wait, policy.max_wait))
        return float(policy.first_wait * doubled * (0.5 + luck))

    def _who(self, request: Request) -> str:
        return f"{self.account.name}: {request.method} {_parts(request.path).path}"


def _json(body: bytes) -> Json:
    """A body's value. Raises TruncatedPageError for one that is no JSON."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as broken:
        raise TruncatedPageError(f"the body is cut or is not JSON ({broken})") from None


def _fill(template: str, values: Mapping[str, str]) -> str:
    try:
        return template.format_map(dict(values))
    except KeyError as missing:
        raise ConfigurationError(
            f"setting {missing} is needed for the address {template}"
        ) from None


def _content(response: requests.Response) -> Iterator[bytes]:
    """The body piece by piece, its encoding undone."""
    encoding = str(response.headers.get("content-encoding", "")).strip().lower()
    is_gzip = encoding in {"gzip", "x-gzip"}
    pieces = iter(partial(response.raw.read1, _CHUNK, decode_content=not is_gzip), b"")
    return unzipped(pieces, _CHUNK) if is_gzip else pieces


def _lowered(response: requests.Response) -> dict[str, str]:
    """The headers, names in lower case."""
    return {name.lower(): value for name, value in response.headers.items()}


def _parts(url: str) -> SplitResult:
    """The parts of an address; all are empty if it cannot be read, such as `http://[::1`."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _joined(url: str, location: str) -> str:
    """Where a redirect leads; as it came if it cannot be read."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _origin(url: str) -> tuple[str, str, int]:
    parts = _parts(url)
    try:
        return (
            parts.scheme,
            (parts.hostname or "").lower(),
            parts.port or _PORTS.get(parts.scheme, 0),
        )
    except ValueError:
        return parts.scheme, "", 0


def _trouble(status: int) -> type[RetryableVendorError]:
    """What a status that may pass says."""
    if status == 429:
        return ThrottledError
    return SlowAnswerError if status in _OUT_OF_TIME else UnreachableError


def _distrust(trouble: Exception) -> str:
    """Who does not trust whom."""
    text = str(trouble).lower()
    if "alert" in text and "unknown ca" not in text:
        return "the server wants another client certificate; set client_certificate"
    return "the server's certificate is not trusted; set ca_bundle for a private authority"


def _plain(trouble: Exception) -> str:
    """What went wrong with the connection, without the address, whose query may be secret."""
    if isinstance(trouble, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)):
        return "timed out"
    if isinstance(trouble, requests.exceptions.ProxyError):
        return "the proxy cannot be reached"
    text = str(trouble)
    if "NameResolution" in text or "resolve" in text:
        return "host not found; check the base URL and the name service"
    if "refused" in text:
        return "connection refused; is the address right and the service up?"
    return "connection broken"
