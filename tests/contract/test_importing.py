"""Demands that others took up become tickets, over the real database, by the law of each city."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from cities.loading import city_codes, load_pack
from gateway.figures import Figures
from gateway.importing import check_channel, demand_of, import_one
from gateway.intake import Intake
from gateway.spool import Spool
from gateway.store.ledger import Ledger
from gateway.store.letters import Letters
from gateway.store.tickets import Tickets
from gateway.workbook import write_ledger
from groundwork.database import Pool, open_pool
from groundwork.settings import Settings
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.errors import KeyReusedError, NotAMessageError
from hotline.ticket import Ticket
from hotline.understanding import Finding, Hit, Intent, Understanding

NOW = datetime(2026, 11, 23, 10, tzinfo=CITY_TIME)
VAULT = Vault.from_settings(
    replace(Settings(), secret_key="s" * 40, vault_keys="k1:" + base64.b64encode(b"k" * 32).decode())
)
PACKS = {code: load_pack(code) for code in city_codes() if not code.startswith("_")}
WAYS = [
    (code, rule.id) for code, pack in PACKS.items() for rule in pack.channels if rule.run_by == "imported"
]
BOARD = ("pingdingshan", "board")  #: what came by it stands in the ledger of letters


class Reads:
    """An understanding to which everything is a complaint."""

    async def understand(self, text: str) -> Understanding:
        return Understanding(intent=Intent.COMPLAIN, confidence=0.9)


class Finds:
    """A library without an article."""

    async def search(self, question: str, *, limit: int) -> Finding:
        return Finding()

    def hit(self, article_id: str) -> Hit | None:
        return None


@dataclass
class Bench:
    """Intakes on one database, each of a city of its own."""

    pool: Pool
    folder: Path

    async def take(self, code: str, channel: str, **row: Any) -> tuple[dict[str, Any], Ticket]:
        """Import one line and return what is printed of it, with the ticket as it is on record."""
        pack = PACKS[code]
        tickets = Tickets(self.pool, VAULT, pack=pack, clock=lambda: NOW)
        ledger = Ledger(self.pool, VAULT, tickets, city=code, clock=lambda: NOW)
        spool = Spool(self.folder / "spool", VAULT)
        intake = Intake(ledger, spool, pack, Reads(), Finds(), clock=lambda: NOW, figures=Figures())
        told = await import_one(intake, line(pack, channel, **row))
        assert await tickets.look_up(told["number"], told["query_code"]) is not None
        async with self.pool.acquire() as connection:
            ticket = await tickets.named(connection, told["number"])
        assert ticket is not None
        return told, ticket


def line(pack: CityPack, channel: str, **row: Any) -> Any:
    asked = {"id": "77", "text": "路灯坏了三天没人修"} | row
    return demand_of(asked, pack, channel, VAULT, at=NOW)


@pytest.fixture
async def one(migrated: str, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_pool(migrated) as pool:
        await pool.execute(
            "TRUNCATE messages, conversations, replies, tickets, ticket_events, effects, letters, pgqueuer CASCADE"
        )
        yield Bench(pool, tmp_path)


@pytest.mark.duty("PDS-3", "BD-2", "XA-1a", "XA-2b", "XA-2d", "KF-2", "SQ-3-1")
@pytest.mark.parametrize(("code", "channel"), WAYS)
async def test_what_another_system_took_up_is_a_ticket_that_keeps_its_way(
    one: Bench, code: str, channel: str
) -> None:
    told, ticket = await one.take(code, channel, kind="complaint", place="示例路1号", name="样例先生")
    assert ticket.channel == channel == told["channel"]
    assert (ticket.kind, ticket.place, ticket.contact.name) == ("complaint", "示例路1号", "样例先生")
    assert ticket.filed_at == NOW and ticket.lead_unit == told["lead_unit"]
    kept = int(PACKS[code].keeps_ledger(channel))
    assert await one.pool.fetchval("SELECT count(*) FROM letters") == kept == ((code, channel) == BOARD), (
        "the ledger holds our letters, and others' where the text says so"
    )
    assert await one.pool.fetchval("SELECT count(*) FROM effects WHERE kind = 'event'") == 1, (
        "the desk is told"
    )


async def test_the_same_line_again_is_the_same_ticket_and_other_words_are_refused(one: Bench) -> None:
    first, _ = await one.take("suqian", "grid")
    again, _ = await one.take("suqian", "grid")
    assert again == first and await one.pool.fetchval("SELECT count(*) FROM tickets") == 1
    with pytest.raises(KeyReusedError):
        await one.take("suqian", "grid", text="井盖没了")
    other, _ = await one.take("suqian", "video")
    assert other["number"] != first["number"], "two systems may use one number"


@pytest.mark.duty("PDS-14", "R-PDS-1")
async def test_the_board_has_the_ten_working_days_of_letters(one: Bench) -> None:
    """Filed on Mon 23 Nov 2026: 24 to 27, 30, 1 to 4 Dec, Mon 7 Dec."""
    _, ticket = await one.take("pingdingshan", "board", kind="suggestion", text="建议在广场加几把椅子")
    assert {due.at.isoformat()[:10] for due in ticket.due if due.what in ("finish", "progress")} == {
        "2026-12-07"
    }
    letters = Letters(one.pool, VAULT, city="pingdingshan")
    (entry,) = [
        entry async for entry in letters.entries(since=NOW, until=NOW + timedelta(seconds=1), known=True)
    ]
    assert entry.ticket == ticket and entry.letter.outcome == "ticket"
    path = one.folder / "ledger.xlsx"
    entries = letters.entries(since=NOW, until=NOW + timedelta(seconds=1), known=True)
    assert await write_ledger(entries, PACKS["pingdingshan"], path) == 1
    heads, row = load_workbook(path).active.iter_rows(values_only=True)
    told = dict(zip(heads, row, strict=True))
    assert (told["来源"], told["单号"]) == ("人民网领导留言板市长版块", ticket.number)


async def test_nobody_is_refused_behind_their_back(one: Bench) -> None:
    _, ticket = await one.take("baoding", "phone", text="法院判我输了，你们让法院改判")
    assert ticket.asks_person


async def test_danger_is_filed_in_the_highest_class(one: Bench) -> None:
    _, ticket = await one.take("xian", "community", text="我家着火了，快来人", phone="13900000000")
    assert ticket.urgent and ticket.ticket_class == "emergency" and ticket.channel == "community"


@pytest.mark.duty("XA-2b")
def test_a_way_of_our_own_or_of_another_city_is_not_imported() -> None:
    for channel in ("webchat", "video"):
        with pytest.raises(ValueError, match="community"):
            check_channel(PACKS["xian"], channel)
    check_channel(PACKS["xian"], "community")


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ({"text": "  "}, "body missing"),
        ({"id": " "}, "id must have"),
        ({"kind": "rumour"}, "kind choice"),
        ({"phone": "12"}, "phone"),
        ({"text": "字" * 10_001}, "body too_long"),
    ],
)
def test_a_line_that_cannot_be_filed_says_every_fault(row: dict[str, Any], wrong: str) -> None:
    with pytest.raises(NotAMessageError, match=wrong):
        line(PACKS["suqian"], "grid", **row)


def test_a_nameless_line_holds_nobody() -> None:
    message = line(PACKS["suqian"], "grid", anonymous=True, name="样例先生", phone="13900000000")
    assert "样例先生" not in repr(message) and "13900000000" not in repr(message)
