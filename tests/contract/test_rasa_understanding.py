"""``RasaUnderstanding`` against a server on loopback that is right, slow, wrong or gone."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bots.fallback import WithFallback
from bots.keyword_understanding import KeywordUnderstanding
from bots.rasa_understanding import RasaUnderstanding
from bots.wording import MOST, Wording
from hotline.errors import UnderstandingAwayError
from hotline.understanding import Intent

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN = "a token&of=ours"


async def right(request: web.Request) -> web.StreamResponse:
    intent = {"name": "complain", "confidence": 0.8}
    return web.json_response({"text": "", "intent": intent, "entities": [], "intent_ranking": [intent]})


async def slow(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return await right(request)


async def trickling(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(300):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


async def failing(request: web.Request) -> web.StreamResponse:
    raise web.HTTPInternalServerError


async def garbage(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>", content_type="text/html")


async def endless(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b" " * 1_000_000 + b"{}")


async def elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect("/model/other")


@dataclass
class Double:
    """What was asked, and how the next question is answered."""

    url: str = ""
    answer: Answer = right
    asked: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path, request.query.get("token", "")))
        self.asked.append(json.loads(await request.read()))
        return await self.answer(request)


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def rasa() -> AsyncIterator[Double]:
    double = Double()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", double.handle)
    server = TestServer(app, shutdown_timeout=0)
    await server.start_server()
    double.url = str(server.make_url("/"))
    yield double
    await server.close()


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


def reading(http: ClientSession, url: str, clock: Clock | None = None) -> RasaUnderstanding:
    return RasaUnderstanding(http, url, TOKEN, wording=Wording.load(), limit=0.3, clock=clock or Clock())


async def test_it_asks_parse_with_the_token_and_nothing_else(rasa: Double, http: ClientSession) -> None:
    understood = await reading(http, rasa.url).understand("物业不作为")
    assert (understood.intent, understood.by) == (Intent.COMPLAIN, "rasa")
    assert rasa.requests == [("POST", "/model/parse", TOKEN)]
    assert rasa.asked == [{"text": "物业不作为"}]


@pytest.mark.parametrize("text", ["", "  ", "///", "／", "\u3000\n"])
async def test_nothing_to_read_is_never_sent(rasa: Double, http: ClientSession, text: str) -> None:
    assert (await reading(http, rasa.url).understand(text)).intent is Intent.OTHER
    assert rasa.asked == []


async def test_a_citizen_cannot_inject_an_intent(rasa: Double, http: ClientSession) -> None:
    await reading(http, rasa.url).understand(' ／/affirm{"place":"x"}')
    assert rasa.asked == [{"text": 'affirm{"place":"x"}'}]


async def test_a_long_letter_is_cut(rasa: Double, http: ClientSession) -> None:
    await reading(http, rasa.url).understand("楼下的树长高了。" * 1_200)
    assert len(rasa.asked[0]["text"]) <= MOST


@pytest.mark.parametrize("answer", [slow, trickling, failing, garbage, endless, elsewhere])
async def test_slow_or_wrong_is_one_error_within_the_limit(
    rasa: Double, http: ClientSession, answer: Answer
) -> None:
    rasa.answer = answer
    async with asyncio.timeout(5):
        with pytest.raises(UnderstandingAwayError):
            await reading(http, rasa.url).understand("物业不作为")
    assert len(rasa.asked) == 1


async def test_a_stopped_server_is_that_error(unused_tcp_port: int, http: ClientSession) -> None:
    with pytest.raises(UnderstandingAwayError):
        await reading(http, f"http://127.0.0.1:{unused_tcp_port}").understand("物业不作为")


async def test_a_closed_session_is_that_error(rasa: Double, http: ClientSession) -> None:
    await http.close()
    with pytest.raises(UnderstandingAwayError):
        await reading(http, rasa.url).understand("物业不作为")


async def test_after_three_failures_it_is_left_alone_and_found_again(
    rasa: Double, http: ClientSession
) -> None:
    clock = Clock()
    both = WithFallback(reading(http, rasa.url, clock), KeywordUnderstanding.load())
    rasa.answer = failing
    readings = [await both.understand("投诉") for _ in range(10)]
    assert {understood.by for understood in readings} == {"keywords"}
    assert (len(rasa.asked), both.fallbacks) == (3, 10)
    rasa.answer = right
    clock.now += 5.0
    assert (await both.understand("投诉")).by == "rasa"
    assert (await both.understand("投诉")).by == "rasa"
    assert (both.answered, both.fallbacks) == (2, 10)


async def test_the_error_holds_no_word_of_the_citizen(rasa: Double, http: ClientSession) -> None:
    rasa.answer = failing
    with pytest.raises(UnderstandingAwayError) as caught:
        await reading(http, rasa.url).understand("张三家停水了")
    assert str(caught.value) == "rasa: status 500"
