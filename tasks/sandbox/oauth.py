"""The token endpoint of a fake: which grants it takes, and what it answers.

Written from RFC 6749 and RFC 7523 and the vendors' pages on sign-in. A token of the JWT bearer
grant is checked with the public key.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from tasks.sandbox.fake import Request, Response

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class TokenDesk:
    """Gives access tokens. With `rotates` a refresh token works once, as at Typeform.

    `single`: a new access token ends those before, as at Zendesk. `more` are fields that the vendor
    adds to its answer.
    """

    prefix: str
    client: tuple[str, str]
    grants: Collection[str]
    refresh_token: str = ""
    rotates: bool = False
    single: bool = False
    basic: bool = False
    sends: str = "form"
    login: tuple[str, str] = ("", "")
    public_key: str = ""
    audience: str = ""
    needs_scope: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)
    refusal: Mapping[str, Any] = field(default_factory=lambda: {"error": "invalid_grant"})
    refused_status: int = 400
    tokens: set[str] = field(default_factory=set)
    given: int = 0

    def answer(self, asked: Request) -> Response:
        form = asked.json() if self.sends == "json" else asked.form()
        if not self._is_client(asked, form):
            return Response({"error": "invalid_client"}, 401)
        grant = str(form.get("grant_type"))
        if grant not in self.grants:
            return Response({"error": "unsupported_grant_type"}, 400)
        if self.needs_scope and grant == "client_credentials" and not form.get("scope"):
            return Response({"error": "invalid_scope"}, 400)
        if not self._is_good(grant, form):
            return Response(dict(self.refusal), self.refused_status)
        return self._given(grant)

    def _is_client(self, asked: Request, form: Mapping[str, Any]) -> bool:
        if self.basic:
            return asked.basic() == self.client
        is_signed = form.get("grant_type") == JWT_BEARER and "client_secret" not in form
        return is_signed or (form.get("client_id"), form.get("client_secret")) == self.client

    def _is_good(self, grant: str, form: Mapping[str, Any]) -> bool:
        if grant == "refresh_token":
            return bool(self.refresh_token) and form.get("refresh_token") == self.refresh_token
        if grant == "password":
            return (form.get("username"), form.get("password")) == self.login
        if grant == JWT_BEARER:
            return self._is_signed(str(form.get("assertion")))
        return True

    def _is_signed(self, assertion: str) -> bool:
        try:
            claims = jwt.decode(
                assertion, self.public_key, algorithms=["RS256"], audience=self.audience
            )
        except jwt.PyJWTError:
            return False
        return (claims["iss"], claims["sub"]) == (self.client[0], self.login[0])

    def _given(self, grant: str) -> Response:
        self.given += 1
        token = f"{self.prefix}-access-{self.given}"
        self.tokens = {token} if self.single else {*self.tokens, token}
        answer = {"access_token": token, "token_type": "Bearer", **self.more}
        if grant == "refresh_token" and self.rotates:
            self.refresh_token = f"{self.prefix}-refresh-{self.given}"
        if grant == "refresh_token" and (self.rotates or "refresh_token" in self.more):
            answer["refresh_token"] = self.refresh_token
        return Response({name: value for name, value in answer.items() if value is not None})
