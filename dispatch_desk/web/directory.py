"""``/units`` and ``/board``: the directory and who has to act today. A unit's own account sees and keeps its own page; dispatchers and admins keep all."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from dispatch_desk.cases import Case
from dispatch_desk.directory import Directory
from dispatch_desk.following import MAX_WORDS
from dispatch_desk.people import ROLES, Fault, Person, by_role, days_of, fault_of, read_lines, wanted_of
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import DESK, scope_of
from dispatch_desk.web.reports import PUBLISHING
from groundwork.addresses import address_of
from hotline.bodies import Unit
from hotline.casework import CaseStep, Taken
from hotline.message import clean
from hotline.ticket import is_ticket_number, normalised
from staff.accounts import Role
from staff.guard import account_of, form_token_of, text_of
from staff.signing_in import author

KEEPERS = (Role.DISPATCHER, Role.ADMIN)
READERS = (*KEEPERS, Role.UNIT)
DIRECTORY: web.AppKey[Directory] = web.AppKey("directory", Directory)
#: Words of the texts for each role, the first is shown.
LABELS: Mapping[str, Sequence[str]] = json.loads(
    Path(__file__).with_name("roles.json").read_text(encoding="utf-8")
)
_ROLE_OF = {word: role for role, words in LABELS.items() for word in words}


async def units(request: web.Request) -> web.StreamResponse:
    """List the units, each with the people that its file still lacks; a unit is led to its own page."""
    account = account_of(request)
    if account.role is Role.UNIT:
        return await _unit(request, _of_account(request))
    return await _units(request)


async def enter_lines(request: web.Request) -> web.StreamResponse:
    """Enter people from pasted lines: all of them, or none with every faulty line named."""
    text = text_of(await request.post(), "lines")
    directory = request.app[DIRECTORY]
    entries, faults = read_lines(directory.pack, text, _ROLE_OF)
    if faults or not entries:
        return await _units(request, typed=text, faults=faults, empty=not entries and not faults)
    await directory.put(entries, by=_by(request))
    raise web.HTTPSeeOther(f"/units?done={len(entries)}")


async def unit(request: web.Request) -> web.StreamResponse:
    """Show one unit: whom the text asks for, who is entered."""
    return await _unit(request, _asked(request))


async def enter(request: web.Request) -> web.StreamResponse:
    """Enter somebody."""
    of, form = _asked(request), await request.post()
    name, phone = (clean(text_of(form, field)).strip() for field in ("name", "phone"))
    person = Person(
        unit=of.name,
        role=text_of(form, "role"),
        name=name,
        phone=phone,
        published=bool(text_of(form, "published")),
    )
    if why := fault_of(person):
        return await _unit(request, of, failed=why, typed=person)
    await request.app[DIRECTORY].put([person], by=_by(request))
    raise web.HTTPSeeOther(_address(request, of, "entered"))


async def remove(request: web.Request) -> web.StreamResponse:
    """Take somebody off the file; a second click changes nothing."""
    of = _asked(request)
    await request.app[DIRECTORY].remove(int(request.match_info["person"]), unit=of.name, by=_by(request))
    raise web.HTTPSeeOther(_address(request, of, "removed"))


async def enter_turns(request: web.Request) -> web.StreamResponse:
    """Put somebody of a unit on duty from one day to another."""
    of, form = _asked(request), await request.post()
    days, person = days_of(text_of(form, "first"), text_of(form, "last")), text_of(form, "person")
    if not days or not (person.isascii() and person.isdigit() and len(person) < 18):
        return await _unit(request, of, failed="turn")
    if not await request.app[DIRECTORY].enter_turns(int(person), days, unit=of.name, by=_by(request)):
        return await _unit(request, of, failed="turn")
    raise web.HTTPSeeOther(_address(request, of, "rostered"))


async def remove_turn(request: web.Request) -> web.StreamResponse:
    """Take somebody off duty on one day; a second click changes nothing."""
    of, day = _asked(request), days_of(request.match_info["day"], "")
    if not day:
        raise web.HTTPNotFound
    id = int(request.match_info["person"])
    await request.app[DIRECTORY].remove_turn(id, day[0], unit=of.name, by=_by(request))
    raise web.HTTPSeeOther(_address(request, of, "unrostered"))


async def call(request: web.Request) -> web.StreamResponse:
    """Put a call to somebody of a unit on record on a case: who was called, what for, what came of it."""
    of, form = _asked(request), await request.post()
    number = normalised(text_of(form, "number"))
    id, person = text_of(form, "what"), text_of(form, "person")
    file = await request.app[DIRECTORY].of_unit(of.name, by=_by(request))
    called = next((one for one in file if str(one.id) == person), None)
    if called is None or id not in {rule.id for rule in _by_phone(request)}:
        return await _unit(request, of, failed="call")
    data = {name: clean(text_of(form, name)).strip()[:MAX_WORDS] for name in ("reason", "result")}
    account = account_of(request)
    entered = await request.app[DESK].step(
        number, id, {"person": f"{LABELS[called.role][0]}{called.name}", **data},
        unit=scope_of(account), by=_by(request), writer=account.name,
    )  # fmt: skip
    if entered is None:
        raise web.HTTPNotFound
    if not entered.taken:
        return await _unit(request, of, failed="call")
    raise web.HTTPSeeOther(f"/cases/{number}?done=step#casework")


async def panel(request: web.Request, case: Case, taken: Sequence[Taken]) -> dict[str, Any]:
    """Return what ``on-duty.html`` shows of a case: who of its lead is on duty, and the way to the lead's numbers."""
    directory = request.app[DIRECTORY]
    places = {unit.name: n for n, unit in enumerate(directory.pack.units)}
    return {
        "duty": await directory.on_duty_at(case.lead_unit),
        "rests": directory.rests(),
        "roster_law": next(
            (rule.citation for rule in directory.pack.desk_rules if rule.topic == "roster"), None
        ),
        "lead_place": places.get(case.lead_unit),
        "labels": LABELS,
        "calls_noted": bool(_by_phone(request)),
    }


async def board(request: web.Request) -> web.StreamResponse:
    """Show what is late and due today, by unit, and who is on duty there; a unit sees its own line."""
    directory, account = request.app[DIRECTORY], account_of(request)
    if (scope := scope_of(account)) == "":
        return request.app[LOOK].page("no_unit.html", account=account)
    places = {unit.name: n for n, unit in enumerate(directory.pack.units)}
    lines = await directory.board(scope)
    return _page(
        request, "board.html", status=200, lines=lines, on_duty=await directory.on_duty(), places=places, now=directory.today(),
        scope=scope, sums={name: sum(getattr(line, name) for line in lines) for name in ("alarms", "late", "today")},
    )  # fmt: skip


async def _units(
    request: web.Request, *, typed: str = "", faults: Sequence[Fault] = (), empty: bool = False
) -> web.Response:
    directory = request.app[DIRECTORY]
    standings = await directory.standings()
    only_missing = request.query.get("view") == "missing"
    groups = {group.id: group.label for group in directory.pack.groups}
    return _page(
        request, "units.html", status=422 if faults or empty else 200, typed=typed, faults=faults, empty=empty,
        only_missing=only_missing, numbers={unit.name: n for n, unit in enumerate(directory.pack.units)},
        lacking=sum(bool(one.missing) for one in standings), of_all=len(standings), levels=directory.pack.levels,
        on_duty=await directory.on_duty(), published=request.app[PUBLISHING].liaisons_law,
        grouped=[(label, [one for one in standings if one.unit.group == id and (one.missing or not only_missing)])
                 for id, label in (*groups.items(), (None, ""))],
    )  # fmt: skip


async def _unit(
    request: web.Request, of: Unit, *, failed: str = "", typed: Person | None = None
) -> web.Response:
    directory = request.app[DIRECTORY]
    people = by_role(await directory.of_unit(of.name, by=_by(request)))
    wanted = wanted_of(directory.pack, of)
    return _page(
        request, "unit.html", status=422 if failed else 200, unit=of, number=directory.pack.units.index(of),
        wanted=[one for one in wanted if one.role not in people], articles=wanted, people=people, roles=ROLES,
        failed=failed, typed=typed, calls_for=_calls_for(request), by_phone=_by_phone(request), longest_words=MAX_WORDS, turns=await directory.turns(of.name), today=directory.today(),
        superior=next((one.name for one in directory.pack.units if one.id == of.superior), of.superior),
        group=next((one.label for one in directory.pack.groups if one.id == of.group), ""),
    )  # fmt: skip


def _by_phone(request: web.Request) -> Sequence[CaseStep]:
    """Return the steps that the city's text has taken by telephone."""
    return [rule for rule in request.app[DIRECTORY].pack.case_steps if rule.by_phone]


def _calls_for(request: web.Request) -> str:
    """Return the number of the case that the calls are about, if the way led over one."""
    number = normalised(request.query.get("case", ""))
    return number if is_ticket_number(number) else ""


def _page(request: web.Request, template: str, *, status: int, **values: Any) -> web.Response:
    return request.app[LOOK].page(
        template, status=status, account=account_of(request), form_token=form_token_of(request), labels=LABELS,
        done=request.query.get("done", ""), **values,
    )  # fmt: skip


def _by(request: web.Request) -> Any:
    return author(account_of(request), address_of(request))


def _asked(request: web.Request) -> Unit:
    """Return the unit in the address; of another unit, a unit's account learns as little as of none."""
    every, number = request.app[DIRECTORY].pack.units, int(request.match_info["unit"])
    account = account_of(request)
    if number >= len(every) or (account.role is Role.UNIT and every[number].name != account.unit):
        raise web.HTTPNotFound
    return every[number]


def _of_account(request: web.Request) -> Unit:
    name = account_of(request).unit
    found = next((unit for unit in request.app[DIRECTORY].pack.units if unit.name == name), None)
    if found is None:
        raise web.HTTPNotFound
    return found


def _address(request: web.Request, of: Unit, done: str) -> str:
    return f"/units/{request.app[DIRECTORY].pack.units.index(of)}?done={done}"
