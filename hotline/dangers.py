"""Danger in a talk: the number first, the ticket at once, the question while it is in doubt, where it is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hotline import filing, links, steps, wishes
from hotline.conversation import Brought, Draft, Phase, Urgent
from hotline.message import InboundMessage
from hotline.scene import Scene
from hotline.screening import Danger
from hotline.turn import (
    MAX_DECISIONS,
    Clarify,
    Decision,
    EmergencyTransfer,
    OpenTicket,
    SmallTalk,
    Summary,
    Supplement,
    Turn,
)
from hotline.understanding import Intent
from hotline.wishes import wish_of

SAME_DANGER = timedelta(hours=2)  #: within it the same danger is the same ticket (ALL-3)
LONGEST_PLACE = 30  #: characters; after a danger a message this short most likely says where
ASKED_LATELY = timedelta(minutes=10)  #: a danger that was asked about is not asked about again within it


def sure_danger(scene: Scene) -> Danger | None:
    """Return the danger that is sure from the words, or by a yes to the question about it."""
    if scene.heard.danger is not None and scene.heard.danger.sure:
        return scene.heard.danger
    if scene.before.doubted and (scene.choice == "danger_yes" or _affirms(scene)):
        return filing.danger_of(scene.pack, scene.before.doubted, span=scene.before.doubted_text)
    return None


def _affirms(scene: Scene) -> bool:
    # The question about it stands alone: a bare yes means it, also where a summary waits; its own label files.
    filing_it = wishes.plain(scene.text) == scene.pack.words["option_confirm"]
    return scene.before.doubt_open and not scene.choice and not filing_it and scene.intent is Intent.AFFIRM


def emergency(scene: Scene, danger: Danger) -> Turn:
    """The number to call first; then a ticket of the highest class, at once and said so."""
    place = (
        _known(scene).get("place")
        or scene.heard.understanding.value_of("place")
        or scene.heard.message.location
    )
    asks_place = not (scene.heard.message.letter or place)
    transfer = EmergencyTransfer(danger=danger, recorded=True, asks_place=asks_place)
    now = scene.heard.message.received_at
    confirmed = scene.heard.danger is None or not scene.heard.danger.sure
    said = (scene.before.doubted_text if confirmed else told(scene.heard.message)) or danger.span
    conversation = replace(scene.before, doubted="", doubted_text="")
    urgent = conversation.urgent
    if urgent is not None and urgent.type == danger.type and now - urgent.at < SAME_DANGER:
        again = replace(conversation, urgent=replace(urgent, place_awaited=True), brought=Brought())
        brought = conversation.brought
        added = Supplement(number=urgent.ticket, text=brought.under(said), attachments=brought.attachments)
        return scene.turn(again, transfer, added)
    ticket = filing.urgent_ticket(
        scene.pack, scene.heard, identity=scene.fresh[0], danger=danger, said=said, known=_known(scene),
        brought=conversation.brought,
    )  # fmt: skip
    after = replace(
        conversation,
        tickets=(*conversation.tickets, ticket.number),
        brought=Brought(),
        urgent=Urgent(ticket=ticket.number, type=danger.type, at=now),
    )
    return scene.turn(after, transfer, OpenTicket(ticket=ticket))


def _known(scene: Scene) -> Mapping[str, str]:
    """What is known already about who asks and where: from the letter, else from the intake under way."""
    if scene.heard.message.letter:
        return filing.draft_of_letter(scene.pack, scene.heard).facts
    before = scene.before.letter.draft if scene.before.letter else scene.before.draft
    return before.facts if before else {}


def told(message: InboundMessage) -> str:
    """Return the words of ``message`` that a ticket of danger keeps."""
    # A letter has fields of their own for who writes and where; its text is read by all who handle it.
    return message.demand if message.letter else message.screened.strip()


def with_doubt(scene: Scene, turn: Turn) -> Turn:
    """Put the number and one question before the turn when danger is possible but not sure."""
    danger, now = scene.heard.danger, scene.heard.message.received_at
    if danger is None:
        return turn
    asked_at = scene.before.doubted_at if scene.before.doubted == danger.type else None
    if asked_at is not None and now - asked_at < ASKED_LATELY:
        return turn
    asked = Clarify(text=danger.ask, options=scene.options("danger_yes", "danger_no"), danger=danger)
    # One question at a time: what the intake asks comes once the danger is settled.
    told = tuple(d for d in turn.decisions if not isinstance(d, Clarify | Summary | SmallTalk))
    alone = scene.turn(turn.conversation, asked, *told[: MAX_DECISIONS - 1])
    after = replace(
        alone.conversation,
        doubted=danger.type,
        doubted_text=scene.heard.message.screened.strip(),
        doubted_at=now,
        doubt_open=True,
    )
    return replace(alone, conversation=after)


def answered(scene: Scene) -> Turn | None:
    """Take the answer to a danger in doubt that is not yes: no, or more about the matter, whose question was kept back."""
    if not scene.before.doubt_open or scene.choice:
        return None
    if scene.intent is Intent.DENY:
        return denied(scene)
    if not scene.text or scene.before.phase is not Phase.COLLECTING or wish_of(scene, "rude", "impatient"):
        return None
    told = filing.answered(steps.pending_draft(scene), "what", scene.text, scene.heard, declined=False)
    return steps.next_step(scene, _unasked(told))


def _unasked(draft: Draft) -> Draft:
    """Return ``draft`` without the last question, which was kept back."""
    return replace(draft, asking="", asked=draft.asked[:-1])


def tells_place(scene: Scene) -> bool:
    """Tell whether the message says where the danger is that was just reported."""
    urgent, message = scene.before.urgent, scene.heard.message
    if urgent is None or message.received_at - urgent.at >= SAME_DANGER or scene.choice:
        return False
    if not scene.text:
        return bool(message.location or message.attachments)
    if not urgent.place_awaited or scene.heard.ground is not None or scene.heard.finding.answered:
        return False
    place = scene.intent is Intent.INFORM or scene.heard.understanding.value_of("place")
    short = scene.intent in (Intent.OTHER, Intent.HELP) and len(scene.text) <= LONGEST_PLACE
    return bool(place or short or links.is_shared(scene.text))


def supplement(scene: Scene) -> Turn:
    """Add the message to the ticket of the danger that was just reported."""
    urgent = scene.before.urgent
    if urgent is None:
        raise ValueError("no danger was reported here")
    location = scene.heard.message.location
    still = urgent.place_awaited and not (scene.text or location)
    after = replace(scene.before, urgent=replace(urgent, place_awaited=still), brought=Brought())
    place = scene.say("summary_place", value=filing.place_of(location)) if location else ""
    text = "\n".join(part for part in (scene.text, place) if part)
    brought = scene.before.brought
    added = Supplement(number=urgent.ticket, text=brought.under(text), attachments=brought.attachments)
    decisions: list[Decision] = [added]
    if after.phase is not Phase.IDLE and after.draft is not None:
        return steps.pending_again(scene, after, *decisions)
    return scene.turn(after, *decisions)


def denied(scene: Scene) -> Turn:
    """There is no danger: go on where the talk stood."""
    after = replace(scene.before, doubted="", doubted_text="")
    told = SmallTalk(text=scene.say("no_danger"))
    draft = after.draft
    if after.phase is Phase.COLLECTING and draft is not None and draft.asked and scene.before.doubt_open:
        after = replace(after, draft=replace(draft, asked=draft.asked[:-1]))  # it was kept back till now
    if after.phase is Phase.IDLE and after.unanswered and scene.before.doubt_open:
        way = Clarify(text=scene.say("which_way"), options=scene.options("file", "complain", "human"))
        return scene.turn(after, told, way)
    return steps.pending_again(scene, after, told)
