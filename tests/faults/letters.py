"""The mailbox when everything is quiet again: the ledger against what was written, the files against what was sent."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.files import Files, NoSuchFileError
from gateway.store.attachments import Attachments
from gateway.store.letters import Entry, Letters
from groundwork.database import open_pool
from groundwork.vault import Vault
from tests.faults.citizens import Citizen, Said
from tests.faults.lines import Mailbox, pictures
from tests.faults.stories import CITY

OUTCOMES = {"answer": "answered", "refusal": "refused"}  #: by the kind of the last reply; else a ticket


async def letter_findings(
    url: str, folder: Path, vault: Vault, citizens: Sequence[Citizen], digests: dict[int, bytes]
) -> list[str]:
    """Compare ledger and files with the letters; ``digests`` are the keys of all messages on record, by id."""
    async with open_pool(url, size=2) as pool:
        letters = Letters(pool, vault, city=CITY).entries(
            since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(9000, 1, 1, tzinfo=UTC), known=True
        )
        entries = {digests[entry.message_id]: entry async for entry in letters}
        rows = await pool.fetch("SELECT message_id, id FROM attachments ORDER BY message_id, id")
        files = Files(folder / "files", vault, Attachments(pool, vault, clock=lambda: datetime.now(UTC)))
        found, wanted = list[str](), 0
        for citizen in citizens:
            if not isinstance(citizen.line, Mailbox):
                continue
            for said in citizen.said:
                wanted += 1
                entry = entries.get(vault.digest(citizen.line.key(said.id), purpose="messages.key"))
                found += [f"{citizen.name}: {what}" for what in _entered(said, entry)]
                if entry is not None:
                    mine = [row["id"] for row in rows if row["message_id"] == entry.message_id]
                    found += [f"{citizen.name}: {what}" for what in await _kept(files, said, mine)]
        loose = sum(row["message_id"] is None for row in rows)
    found += [f"{len(entries)} letters in the ledger, {wanted} were written"] * (len(entries) != wanted)
    return found + [f"{loose} files belong to no message"] * bool(loose)


def _entered(said: Said, entry: Entry | None) -> list[str]:
    if entry is None:
        return ["the letter is not in the ledger"]
    number, outcome = entry.letter.identity.number, OUTCOMES.get(said.step.kinds[-1], "ticket")
    found = []
    if entry.letter.outcome != outcome:
        found.append(f"the letter stands as {entry.letter.outcome}, not as {outcome}")
    if said.told is not None and said.told.number != number:
        found.append("the letter stands under another number than its writer was told")
    if outcome == "ticket" and (entry.ticket is None or entry.ticket.number != number):
        found.append("the letter's ticket has another number")
    return found


async def _kept(files: Files, said: Said, ids: Sequence[str]) -> list[str]:
    sizes = []
    for id in ids:
        try:
            sizes.append(sum([len(chunk) async for chunk in files.open(id)]))
        except NoSuchFileError:
            return ["a picture is on record, and its file is not there"]
    if len(sizes) != len(pictures(said.step)) or not all(sizes):
        return [f"{len(pictures(said.step))} pictures were sent, on record are {sizes} bytes"]
    return []
