"""Tells whoever is on duty by text message: a case that came, or a moment that is near or over, with the way straight to it.

The mobile number is the one in the unit's file. A text names the case's number alone, nobody and nothing of the matter;
behind its link stands the sign-in.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from dispatch_desk.cases import Case
from dispatch_desk.people import Person
from dispatch_desk.store import roster
from dispatch_desk.store.supervision import Warned
from groundwork.clock import Clock
from groundwork.database import Connection
from groundwork.outbox import Owed, owe
from groundwork.settings import STANDARD_SCHEDULE
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.deadlines import Due
from hotline.errors import HotlineError
from hotline.replies import moment_in_words
from hotline.signing import key_of, signed_headers
from hotline.texting import Fate, body_of, fate_of, mobile_of

KIND: Final = "text"  #: of the owed effect
PATIENCE = ClientTimeout(total=10, connect=3)
SCHEDULE: Sequence[timedelta] = STANDARD_SCHEDULE[:5]  #: a warning that is hours late warns nobody
GIVEN = "texted"  #: the effect of an item by which each case is told to its unit by text


class TextBusyError(HotlineError):
    """The platform for texts is away, slow or busy; the same text may be tried again."""

    retryable = True


class TextRefusedError(HotlineError):
    """The platform will never send this text; a person has to look, perhaps at the number on file."""


class Texting:
    """The texts of one city's desk; there is none where no platform is set."""

    def __init__(self, vault: Vault, pack: CityPack, *, clock: Clock, desk_url: str) -> None:
        self._vault, self._pack, self._clock, self._desk_url = vault, pack, clock, desk_url

    async def warn(self, connection: Connection, warned: Warned, due: Due) -> None:
        """Owe a warning to whoever is on duty at the unit, once, in the transaction that notes it."""
        date = moment_in_words(self._pack.say, due)
        text = self._say(f"text_warned_{warned.phase}", warned.number, date=date)
        key = f"warned:{warned.number}:{warned.what}:{warned.due_at.isoformat()}:{warned.phase}"
        await self._owe(connection, warned.unit, key, text)

    async def give(self, connection: Connection, case: Case, *, at: datetime) -> None:
        """Owe word of a case that a unit was given at that moment, in the transaction that gives it.

        Danger is told everywhere, other cases where the city's text has staff work by text.
        """
        urgent = bool(case.ticket.get("urgent"))
        if not urgent and not _gives_by_text(self._pack.on(at.astimezone(CITY_TIME).date())):
            return
        text = self._say("text_given_urgent" if urgent else "text_given", case.number)
        await self._owe(connection, case.lead_unit, f"given:{case.number}:{at.isoformat()}", text)

    def _say(self, name: str, number: str, **more: str) -> str:
        return self._pack.say(name, number=number, url=f"{self._desk_url}/cases/{number}", **more).strip()

    async def _owe(self, connection: Connection, unit: str, key: str, text: str) -> None:
        today = self._clock().astimezone(CITY_TIME).date()
        found = (await roster.on_duty(connection, self._vault, today)).get(unit, ())
        await owe(connection, self._vault, list(self._owed(found, key, text)), clock=self._clock)

    def _owed(self, people: Sequence[Person], key: str, text: str) -> Sequence[Owed]:
        mobiles = dict.fromkeys(filter(None, (mobile_of(one.phone) for one in people)))
        return [self._one(f"{key}:{mobile}", mobile, text) for mobile in mobiles]

    def _one(self, key: str, mobile: str, text: str) -> Owed:
        id = self._vault.digest(key, purpose="texts.id").hex()[:32]
        # Each in a lane of its own: a number that takes none holds up nobody.
        return Owed(
            key=f"text:{key}", lane=f"text:{id}", kind=KIND, body={"id": id, "to": mobile, "text": text}
        )


class TextRelay:
    """Carries owed texts to the city's own platform (docs/channels/sms.md); ``real_time`` stamps the signatures."""

    def __init__(self, http: ClientSession, url: str, secret: str, real_time: Clock) -> None:
        self._http, self._url, self._secret, self._real_time = http, url, secret, real_time

    async def carry(self, body: Mapping[str, Any]) -> None:
        """Have one text sent, under the same id at every try; ``retryable`` of what is raised tells whether to repeat."""
        if not self._url:
            raise TextRefusedError("no platform is set any more")
        sent = body_of(body["to"], body["text"])
        headers = signed_headers(key_of(self._secret), id=body["id"], at=self._real_time(), body=sent)
        try:
            async with self._http.post(
                self._url, data=sent, headers={"Content-Type": "application/json", **headers},
                timeout=PATIENCE, allow_redirects=False,
            ) as answer:  # fmt: skip
                status = answer.status
        except (ClientError, TimeoutError, OSError) as error:
            raise TextBusyError(f"texts: {type(error).__name__}") from error
        fate = fate_of(status)
        if fate is Fate.BUSY:
            raise TextBusyError(f"texts: answered {status}")
        if fate is not Fate.SENT:
            raise TextRefusedError(f"texts: answered {status}")


def _gives_by_text(pack: CityPack) -> bool:
    return any(item.effect == GIVEN for rule in pack.desk_rules for item in rule.items)
