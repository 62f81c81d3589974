"""Open311 GeoReport v2: other programs read where tickets stand and post demands, which go the one way in."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

from aiohttp import web

from channels.base import ChannelParts, Received, SentReply
from channels.mailbox.codec import Envelope
from channels.multipart import FormRefusedError
from channels.open311 import codec
from channels.open311.codec import Format, Query, ServiceRequest
from channels.open311.keys import client_of
from channels.wording import Wording
from gateway.web.floods import TooManyQueriesError
from gateway.web.forms import read_form
from gateway.web.ports import Limits, Registers
from groundwork.problems import ProblemError
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack, Kind

PREFIX = "/open311/"
ROOT = f"{PREFIX}v2"
CHANGESET = "2026-11-26T00:00:00+08:00"  #: when what is offered here last changed
ANSWER_WITHIN = 10.0  #: seconds until a client is given a token instead of a number
QUERIES = "requests.address"
COUNTED_AS_ONE = 100  #: requests of a list; a longer one counts as several questions
ID, MAC = 32, 16  #: letters of a token: its request's own id, and the proof that we gave it out
#: what keeps its own status; whatever else a client did wrong is 400 (GeoReport v2, Errors; ADR 56)
KEPT = frozenset({403, 404, 405, 429, 500, 503})


class FindsRequests(Protocol):
    """The public side of the register."""

    async def found(self, query: Query) -> tuple[ServiceRequest, ...]:
        """Return what ``query`` asks for, newest first; raises ``StorageAwayError``."""


class Open311:
    """The GeoReport v2 endpoint of this city."""

    def __init__(
        self,
        pack: CityPack,
        channel: ChannelParts,
        registers: Registers,
        requests: FindsRequests,
        limits: Limits,
        *,
        keys: Mapping[str, str],
        public_url: str,
    ) -> None:
        self._pack, self._channel, self._registers, self._requests = pack, channel, registers, requests
        self._limits, self._keys, self._public_url = limits, keys, public_url
        self._wording = Wording(pack.say, public_url)

    def reading(self) -> tuple[web.RouteDef, ...]:
        """Return the routes that need no key."""
        return (
            web.get(f"{ROOT}/discovery.{{format:json|xml}}", self.discovery),
            web.get(f"{ROOT}/services.{{format:json|xml}}", self.services),
            web.get(f"{ROOT}/services/{{code}}.{{format:json|xml}}", self.definition),
            web.get(f"{ROOT}/requests.{{format:json|xml}}", self.requests),
            web.get(f"{ROOT}/requests/{{number}}.{{format:json|xml}}", self.one_request),
            web.get(f"{ROOT}/tokens/{{token}}.{{format:json|xml}}", self.token),
        )

    def writing(self) -> tuple[web.RouteDef, ...]:
        """Return the route for clients with a key."""
        return (web.post(f"{ROOT}/requests.{{format:json|xml}}", self.post),)

    async def discovery(self, request: web.Request) -> web.Response:
        """Say where which versions of the interface are."""
        endpoint = {
            "specification": codec.SPECIFICATION,
            "url": f"{self._public_url}{ROOT}",
            "changeset": CHANGESET,
            "type": "production",
            "formats": list(codec.CONTENT_TYPES.values()),
        }
        told = {
            "changeset": CHANGESET,
            "contact": self._pack.say("open311_contact"),
            "key_service": self._pack.say("open311_key_service"),
            "endpoints": [endpoint],
        }
        return _answer(request, "discovery", told)

    async def services(self, request: web.Request) -> web.Response:
        """List the kinds of tickets."""
        self._check_jurisdiction(request.query)
        listed = [
            codec.service(
                kind,
                description=self._pack.say("open311_service", kind=kind.label),
                group=self._pack.hotline,
            )
            for kind in self._law().kinds.values()
        ]
        return _answer(request, "services", listed)

    async def definition(self, request: web.Request) -> web.Response:
        """Show the form of one kind."""
        self._check_jurisdiction(request.query)
        words = self._pack.words
        says = {name: words[f"open311_{name}"] for name in ("subject", "public", "anonymous")}
        says |= {
            "confidential": words["label_confidential"],
            "yes": words["wechat_yes"],
            "no": words["wechat_no"],
        }
        told = codec.definition(self._kind(request.match_info["code"]), says)
        return _answer(request, "service_definition", told)

    async def requests(self, request: web.Request) -> web.Response:
        """List service requests, newest first."""
        self._check_jurisdiction(request.query)
        query = codec.read_query(request.query, now=self._channel.clock())
        await self._count(request, query.size // COUNTED_AS_ONE)
        if not query.numbers:
            for code in query.kinds:
                self._kind(code)
        found = await self._requests.found(query)
        return _answer(request, "service_requests", [codec.shown(one) for one in found])

    async def one_request(self, request: web.Request) -> web.Response:
        """Show one service request."""
        self._check_jurisdiction(request.query)
        await self._count(request)
        now = self._channel.clock()
        query = Query(since=now, until=now, numbers=(request.match_info["number"],))
        found = await self._requests.found(query)
        if not found:
            raise ProblemError(404, "service-request", "没有这个 service_request_id，请核对。")
        return _answer(request, "service_requests", [codec.shown(one) for one in found])

    async def token(self, request: web.Request) -> web.Response:
        """Give the number of a request that had none when it was posted; none while it is still in the making."""
        self._check_jurisdiction(request.query)
        await self._count(request)
        token = request.match_info["token"]
        id = token[:ID]
        if not hmac.compare_digest(token.encode(), self._token(id).encode()):
            raise ProblemError(404, "token", "没有这个 token，请核对。")
        received = await self._registers.letter(_key(id))
        number = received.letter.number if received and received.letter else None
        return _answer(request, "service_requests", [{"service_request_id": number, "token": token}])

    async def post(self, request: web.Request) -> web.Response:
        """Store one service request and return its number, or a token while it has none."""
        form = await read_form(request)
        client = client_of(form.get("api_key", ""), self._keys)
        if client is None:
            await self._count(request)
            raise ProblemError(
                403,
                "api-key",
                "api_key 没有写或者不对，这件事没有收下。",
                detail="有危险请直接拨打110、119、120或122。",
            )
        id = self._id(request, client)
        key = _key(id)
        envelope = Envelope(
            city=self._pack.code,
            key=key,
            sender=self._channel.pseudonym(key),
            received_at=self._channel.clock(),
        )
        received = await self._received(form, envelope, client)
        return _answer(request, "service_requests", [self._told(received, id)])

    async def _received(self, form: Mapping[str, str], envelope: Envelope, client: str) -> Received:
        """Take the request in; what cannot be taken is refused, but nobody in danger goes without the number."""
        receive = self._channel.receive
        try:
            self._check_jurisdiction(form)
            if not form.get("service_code", "").strip():
                raise ProblemError(400, "service-code", "请写 service_code。")
            kind = self._kind(form["service_code"].strip())
            media = self._pack.words["open311_media"]
            message = codec.read_post(form, kind, envelope, media=media)
        except (ProblemError, FormRefusedError):
            words = codec.draft(form, "other", envelope)
            warned = await receive.warn(words) if words is not None else None
            if warned is None:
                raise
            return warned
        return await receive.receive(message, within=ANSWER_WITHIN, origin=client)

    def _told(self, received: Received, id: str) -> dict[str, Any]:
        notice = self._notice(received.replies)
        if received.settled and received.letter is not None:
            named: dict[str, Any] = {"service_request_id": received.letter.number}
        else:
            named = {"token": self._token(id)}
            notice = notice or self._pack.say("open311_pending")
        return named | {"service_notice": notice, "account_id": None}

    def _notice(self, replies: Sequence[SentReply]) -> str:
        plain = [replace(sent.reply, options=()) for sent in replies]
        return "\n".join(self._wording.parts(plain))

    def _id(self, request: web.Request, client: str) -> str:
        """Return the id of a post: the same ``Idempotency-Key`` of the same client is the same request."""
        given = request.headers.get("Idempotency-Key", "")
        return self._proof(f"{client}:{given}")[:ID] if given else secrets.token_hex(ID // 2)

    def _token(self, id: str) -> str:
        return id + self._proof(id)[:MAC]

    def _proof(self, what: str) -> str:
        return hmac.new(self._channel.key("open311"), what.encode("utf-8", "replace"), "sha256").hexdigest()

    def _law(self) -> CityPack:
        return self._pack.on(self._channel.clock().astimezone(CITY_TIME).date())

    def _kind(self, code: str) -> Kind:
        kind = self._law().kinds.get(code)
        if kind is None:
            raise ProblemError(404, "service-code", "没有这个 service_code，请从 services 里选。")
        return kind

    def _check_jurisdiction(self, given: Mapping[str, str]) -> None:
        if given.get("jurisdiction_id", "") not in ("", self._pack.code):
            raise ProblemError(404, "jurisdiction", "没有这个 jurisdiction_id；这里只有一个城市，可以不写。")

    async def _count(self, request: web.Request, times: int = 1) -> None:
        origin = self._channel.origin(request)
        for _ in range(max(1, times) if origin is not None else 0):
            if (wait := (await self._limits.take((QUERIES, origin or ""))).wait) > 0:
                raise TooManyQueriesError(wait)


def open311_errors(path: str, problem: ProblemError) -> web.Response:
    """Return what went wrong in the form of GeoReport v2, XML unless JSON was asked for."""
    form: Format = "json" if path.endswith(".json") else "xml"
    several = [f"{one['field']}：{one['detail']}" for one in problem.more.get("errors", ())]
    says = several or [problem.title + problem.more.get("detail", "")]
    body = codec.written("errors", codec.errors((problem.status, one) for one in says), form)
    status = problem.status if problem.status in KEPT else 400
    return web.Response(
        body=body,
        status=status,
        content_type=codec.CONTENT_TYPES[form],
        charset="utf-8",
        headers=problem.more.get("headers"),
    )


def _key(id: str) -> str:
    return f"{codec.NAME}:{id}"


def _answer(request: web.Request, root: str, value: Any) -> web.Response:
    form = cast(Format, request.match_info["format"])
    body = codec.written(root, value, form)
    return web.Response(body=body, content_type=codec.CONTENT_TYPES[form], charset="utf-8")
