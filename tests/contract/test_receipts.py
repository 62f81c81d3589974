"""Each filing has a receipt in a chain: whatever is changed, taken out, put elsewhere or cut off is found."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.store.receipts import Receipts, folder_of
from groundwork.database import Connection
from groundwork.vault import Vault
from tests.contract.test_centre import Bench, bench

__all__ = ["bench"]  # a fixture

pytestmark = pytest.mark.enable_socket


@dataclass
class Chain:
    """Four filings on record, and what verifies them."""

    bench: Bench
    receipts: Receipts
    folder: Path
    numbers: list[str]
    codes: list[str]

    async def findings(self, *statements: str) -> list[str]:
        """Return what is found after ``statements`` of somebody who may switch the trigger off; all is undone."""
        async with self.bench.services.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                return await self._found(connection, statements)
            finally:
                await transaction.rollback()

    async def _found(self, connection: Connection, statements: tuple[str, ...]) -> list[str]:
        await connection.execute("ALTER TABLE receipts DISABLE TRIGGER receipts_stay")
        for statement in statements:
            await connection.execute(statement)
        # ``examine`` opens a snapshot of its own, which cannot be had inside a transaction.
        plain = replace_isolation(connection)
        _, findings = await self.receipts.examine(plain, self.folder)
        return [finding.what for finding in findings]


def replace_isolation(connection: Any) -> Any:
    class Inside:
        def transaction(self, **_: Any) -> Any:
            return connection.transaction()

        def __getattr__(self, name: str) -> Any:
            return getattr(connection, name)

    return Inside()


@pytest.fixture
async def chain(bench: Bench, tmp_path: Path) -> Chain:
    pool = bench.services.pool
    async with pool.acquire() as connection:
        await connection.execute("ALTER TABLE receipts DISABLE TRIGGER receipts_stay; TRUNCATE receipts;"
                                 " ALTER TABLE receipts ENABLE ALWAYS TRIGGER receipts_stay")  # fmt: skip
    made = [await bench.letter(f"chain{n}", subject=f"第{n}盏路灯不亮") for n in range(4)]
    receipts, folder = bench.services.ledger.receipts, folder_of(tmp_path)
    assert await receipts.anchor(pool, folder) and not await receipts.anchor(pool, folder)
    return Chain(bench, receipts, folder, [number for number, _ in made], [code for _, code in made])


async def test_a_whole_chain_has_an_entry_for_each_filing_and_nothing_to_find(chain: Chain) -> None:
    assert await chain.findings() == []
    rows = await chain.bench.services.pool.fetch("SELECT sequence, number FROM receipts ORDER BY sequence")
    assert [(row["sequence"], row["number"]) for row in rows] == [*enumerate(chain.numbers, 1)]
    (file,) = chain.folder.glob("*.anchors")
    assert file.name.startswith("20") and file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["UPDATE receipts SET digest = sha256('x') WHERE sequence = 2"], "entry 2 was changed"),
        (["UPDATE receipts SET at = at + interval '1 day' WHERE sequence = 3"], "entry 3 was changed"),
        (["UPDATE receipts SET number = 'X' || substr(number, 2) WHERE sequence = 1"], "entry 1 was changed"),
        (["DELETE FROM receipts WHERE sequence = 2"], "entries 2 to 2 are missing"),
        (["DELETE FROM receipts WHERE sequence = 4"], "entries 4 to 4 are missing at the end"),
        (["DELETE FROM receipts WHERE sequence = 4"], "has no receipt"),
        (["TRUNCATE receipts"], "entries 1 to 4 are missing at the end"),
        (["UPDATE receipts SET sequence = -sequence WHERE sequence IN (2, 3)",
          "UPDATE receipts SET sequence = 5 + sequence WHERE sequence < 0"], "does not follow"),
        ([("UPDATE tickets t SET body = (SELECT body FROM tickets WHERE number <> t.number LIMIT 1)"
          " WHERE number = (SELECT number FROM receipts WHERE sequence = 3)")], "is not as it was when entry 3 was made"),
        ([("UPDATE tickets SET body = set_byte(body, 40, 1 # get_byte(body, 40))"
          " WHERE number = (SELECT number FROM receipts WHERE sequence = 1)")], "of entry 1 cannot be opened"),
        (["DELETE FROM ticket_people", "DELETE FROM tickets WHERE number = (SELECT number FROM receipts WHERE sequence = 2)"],
         "of entry 2 is missing"),
    ],
)  # fmt: skip
async def test_whatever_is_done_to_it_is_found(chain: Chain, statements: list[str], words: str) -> None:
    found = await chain.findings(*statements)
    assert any(words in line for line in found), found
    assert not any(number in line for line in found for number in chain.codes)


async def test_a_line_of_the_anchors_that_was_changed_is_found(chain: Chain) -> None:
    (file,) = chain.folder.glob("*.anchors")
    file.write_text(file.read_text().replace('"sequence": 4', '"sequence": 3'))
    assert any("was changed" in line for line in await chain.findings())


async def test_nobody_changes_a_receipt_by_mistake(chain: Chain) -> None:
    for statement in ("UPDATE receipts SET number = 'x'", "DELETE FROM receipts", "TRUNCATE receipts"):
        with pytest.raises(Exception, match="only ever added to"):
            await chain.bench.services.pool.execute(statement)


async def test_another_key_makes_no_chain_that_fits(chain: Chain) -> None:
    settings = replace(chain.bench.services.settings, secret_key="x" * 40)
    other = Receipts(Vault.from_settings(settings), clock=chain.bench.services.clock)
    async with chain.bench.services.pool.acquire() as connection:
        _, findings = await other.examine(connection, chain.folder)
    assert findings


async def test_the_citizen_s_receipt_can_be_printed_and_has_a_code_without_the_query_code(
    chain: Chain,
) -> None:
    client, number, code = chain.bench.client, chain.numbers[0], chain.codes[0]
    form = {"number": number, "query_code": code}
    answer = await client.post(
        "/progress/receipt", data=form, headers={"Origin": str(client.make_url("/"))[:-1]}
    )
    page = await answer.text()
    assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store"
    row = await chain.bench.services.pool.fetchrow("SELECT hash FROM receipts WHERE sequence = 1")
    assert row is not None
    mark = row["hash"].hex()[:16].upper()
    assert mark[:4] in page and mark[12:] in page and "<svg" in page and "style=" not in page
    wrong = await client.post("/progress/receipt", data={"number": number, "query_code": "000000"})
    assert wrong.status == 404
