"""Asks Rasa what a message wants: ``POST /model/parse`` and nothing else."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import ClientError, ClientSession, StreamReader

from bots.breaker import Breaker
from bots.entities import fact, half_width, people_in
from bots.wording import Wording
from hotline.errors import UnderstandingAwayError
from hotline.identity import NUMBERS, Finder
from hotline.message import clean
from hotline.understanding import Entity, Intent, Understanding

ENTITIES = frozenset(
    {"ticket", "place", "time", "money", "organisation"}
)  #: who somebody is, the finder tells
INTENTS = {intent.value: intent for intent in Intent}
LONGEST_ANSWER = 262_144  #: bytes; a parse of 1,000 characters takes about 20,000
BY = "rasa"


def decode(body: bytes, *, threshold: float) -> Understanding:
    """Read one answer of ``/model/parse``, or raise ``UnderstandingAwayError``; nothing else gets out."""
    try:
        answer = json.loads(body)
        confidence = confidence_of(answer["intent"]["confidence"])
        intent = INTENTS.get(answer["intent"]["name"] or "", Intent.OTHER)
        return Understanding(
            intent=intent if confidence >= threshold else Intent.OTHER,
            confidence=confidence,
            entities=tuple(entity_of(found) for found in answer["entities"] if found["entity"] in ENTITIES),
            by=BY,
        )
    except Exception as error:  # another program's JSON fails in more ways than can be listed
        raise UnderstandingAwayError("rasa: unreadable answer") from error


def confidence_of(value: Any) -> float:
    """Return a probability; anything else, NaN included, is a ``ValueError``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1.000001:
        raise ValueError("no probability")
    return min(float(value), 1.0)


def entity_of(found: Mapping[str, Any]) -> Entity:
    """Return one entity with a text for its value, or raise ``ValueError``."""
    if not isinstance(found["value"], str) or not found["value"]:
        raise ValueError("entity without a text")
    return fact(found["entity"], clean(found["value"]))


async def whole(content: StreamReader) -> bytes:
    """Return everything, or raise ``UnderstandingAwayError`` when there is no end to it."""
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise UnderstandingAwayError("rasa: endless answer")
    return bytes(body)


class RasaUnderstanding:
    """Fills ``hotline.ports.Understands``; slow, wrong or away is one error, within ``limit`` seconds."""

    def __init__(
        self,
        http: ClientSession,
        url: str,
        token: str,
        *,
        wording: Wording,
        finder: Finder = NUMBERS,
        limit: float = 0.8,
        threshold: float = 0.25,
        patience: int = 3,
        pause: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._parse = f"{url.rstrip('/')}/model/parse"
        self._token = token
        self._wording = wording
        self._finder = finder
        self._limit = limit
        self._threshold = threshold
        self._breaker = Breaker(patience=patience, pause=pause, clock=clock)

    async def understand(self, text: str) -> Understanding:
        """Return Rasa's reading of ``text``; what holds nothing to read is never sent."""
        sent = self._wording.fit(text)
        if not sent:
            return Understanding(by=BY)
        if not self._breaker.lets_through():
            raise UnderstandingAwayError("rasa: left alone after repeated failures")
        understood = await self._asked(sent)
        return replace(
            understood, entities=(*people_in(half_width(text), self._finder), *understood.entities)
        )

    async def _asked(self, text: str) -> Understanding:
        try:
            async with asyncio.timeout(self._limit):
                understood = decode(await self._answer(text), threshold=self._threshold)
        except UnderstandingAwayError:
            self._breaker.failed()
            raise
        except (
            ClientError,
            OSError,
            RuntimeError,
        ) as error:  # TimeoutError is an OSError; a closed session is the last
            self._breaker.failed()
            raise UnderstandingAwayError(f"rasa: {type(error).__name__}") from error
        self._breaker.succeeded()
        return understood

    async def _answer(self, text: str) -> bytes:
        """Return the body of a 200; the token goes into the query because Rasa reads it nowhere else."""
        query, body = {"token": self._token}, {"text": text}
        async with self._http.post(self._parse, params=query, json=body, allow_redirects=False) as response:
            if response.status != 200:
                raise UnderstandingAwayError(f"rasa: status {response.status}")
            return await whole(response.content)
