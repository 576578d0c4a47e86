"""The internal API of an authority: what its own people and systems do, behind bearer tokens with scopes.

An ``Idempotency-Key`` names the act: the same key again is the same act, and gives the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectors import metrics
from connectors.epermit.answers import Handler
from connectors.epermit.authority import Authority
from connectors.epermit.views import overview, permit_view
from connectors.http.body import receive
from connectors.http.problems import problem, violations
from connectors.http.whole import whole
from schemas.epermit import acts
from schemas.epermit.acts import Application
from schemas.epermit.body import read_object
from schemas.epermit.event import read_fields
from schemas.epermit.fields import PAYLOADS
from schemas.epermit.permit import PermitId
from schemas.epermit.refusal import Malformed
from schemas.errors import CorridorError, Invalid, Permanent

log = structlog.get_logger(__name__)

_ACTIVITY: Final = ("activity_type", "activity_timestamp", "activity_details")
T = TypeVar("T")


class QuotaBody(msgspec.Struct, forbid_unknown_fields=True):
    """How many more permits a peer may issue for us."""

    authority: str
    permit_type: int
    permit_year: int
    quantity: int


class PermitBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a permit is asked for."""

    issued_for: str
    permit_type: int
    permit_year: int
    company_name: str
    company_id: str
    arrival_country: str
    plate_number: str | None = None
    plate_number2: str | None = None
    departure_country: str | None = None
    expires_at: str | None = None
    other_claims: dict[str, Any] | None = None


def internal_routes(authority: Authority, path: str) -> list[BaseRoute]:
    """Build the routes of the internal API.

    Args:
        authority: the authority.
        path: where its public API begins; this one is at ``internal`` under it.
    """
    api = _Internal(authority)
    table: dict[str, dict[str, Handler]] = {
        "": {"GET": api.overview},
        "/quotas": {"POST": api.grant},
        "/permits": {"POST": api.issue},
        "/reports": {"POST": api.report},
        "/permits/{id}/activities": {"POST": api.use},
        "/permits/{id}": {"GET": api.permit, "DELETE": api.revoke},
        "/keys/{id}": {"DELETE": api.revoke_key},
    }
    return [
        Route(f"{path}/internal{place}", _guarded(authority, handlers), methods=list(handlers))
        for place, handlers in table.items()
    ]


def _guarded(authority: Authority, handlers: Mapping[str, Handler]) -> Handler:
    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        facts = {"participant": authority.name, "method": method, "path": request.url.path}
        try:
            given = request.headers.get("authorization", "")
            by = authority.logins.require(given, "read" if method == "GET" else "operate")
        except Permanent as error:
            if method != "GET":
                log.info("permit api refused", code=error.code, **facts)
            return problem(error, instance=request.url.path)
        answer = await answered(request, handlers[method])
        if method != "GET":
            log.info("permit api asked", by=by, status=answer.status_code, **facts)
        return answer

    async def answered(request: Request, handler: Handler) -> Response:
        try:
            return await handler(request)
        except Malformed as error:
            found = error.violations
            return problem(
                error, instance=request.url.path, errors=[one for each in found for one in violations(each)]
            )
        except CorridorError as error:
            return problem(error, instance=request.url.path)

    return handle


class _Internal:
    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    async def overview(self, _: Request) -> Response:
        """Keys, peers, chains, quotas, numbers of permits."""
        return JSONResponse(overview(self._authority.state))

    async def permit(self, request: Request) -> Response:
        """One permit."""
        found = self._authority.state.permits.get(request.path_params["id"])
        if found is None:
            raise Permanent("not-found", f"there is no permit {request.path_params['id']}")
        return JSONResponse({"state": found.state, **permit_view(found)})

    async def grant(self, request: Request) -> Response:
        """Let a peer issue more permits."""
        wanted = _convert(await self._body(request), QuotaBody)
        return await self._act(
            request,
            lambda ledger, author: acts.grant_quota(
                ledger, wanted.authority, wanted.permit_type, wanted.permit_year, wanted.quantity, author
            ),
        )

    async def issue(self, request: Request) -> Response:
        """Issue a permit."""
        wanted = _convert(await self._body(request), PermitBody)
        application = Application(
            wanted.issued_for, wanted.permit_type, wanted.permit_year, wanted.company_name, wanted.company_id,
            wanted.arrival_country, wanted.plate_number, wanted.plate_number2, wanted.departure_country,
            wanted.expires_at, wanted.other_claims,
        )  # fmt: skip
        return await self._act(request, lambda ledger, author: acts.issue_permit(ledger, application, author))

    async def use(self, request: Request) -> Response:
        """Report an entry or exit under a permit."""
        fields = await self._body(request)
        activity = {name: fields[name] for name in _ACTIVITY if name in fields}
        permit_id = request.path_params["id"]
        return await self._act(
            request, lambda ledger, author: acts.use_permit(ledger, permit_id, activity, author)
        )

    async def report(self, request: Request) -> Response:
        """Take an entry or exit that came over the corridor: a message of ``epermit.event.v1``.

        It makes one event, whatever its version, and the corridor is not told of it again. A permit for
        another country is that country's business.
        """
        fields = await self._body(request)
        permit_id, event_id = (_text(fields, name) for name in ("permit_id", "event_id"))
        activity = read_fields(PAYLOADS["PERMIT_USED"][1:], fields)
        if _issued_for(permit_id) != self._authority.state.code:
            metrics.PERMIT_REPORTS.labels(self._authority.name, "not-ours").inc()
            return JSONResponse({"permit_id": permit_id, "outcome": "not-ours"})
        result = await self._authority.act(
            lambda ledger, author: acts.use_permit(ledger, permit_id, activity, author, told=False), event_id
        )
        metrics.PERMIT_REPORTS.labels(self._authority.name, "used").inc()
        return JSONResponse({**result, "outcome": "used"})

    async def revoke(self, request: Request) -> Response:
        """Revoke a permit."""
        permit_id = request.path_params["id"]
        return await self._act(request, lambda ledger, author: acts.revoke_permit(ledger, permit_id, author))

    async def revoke_key(self, request: Request) -> Response:
        """Revoke one of our keys."""
        kid = request.path_params["id"]
        return await self._act(request, lambda ledger, author: acts.revoke_key(ledger, kid, author))

    async def _act(self, request: Request, decide: Callable[..., acts.Change]) -> Response:
        act = request.headers.get("idempotency-key", "")
        return JSONResponse(await self._authority.act(decide, act))

    async def _body(self, request: Request) -> Mapping[str, Any]:
        return read_object(await receive(request, self._authority.settings.limits))


def _convert(fields: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(whole(fields), kind)
    except msgspec.ValidationError as error:
        raise Invalid("schema-violation", "", str(error)) from None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise Invalid("schema-violation", f"/{name}", "a text that must be there", value)
    return value


def _issued_for(permit_id: str) -> str:
    try:
        return PermitId.parse(permit_id).issued_for
    except ValueError:
        raise Invalid(
            "schema-violation", "/permit_id", "issuer-issuedFor-year-type-serial", permit_id
        ) from None
