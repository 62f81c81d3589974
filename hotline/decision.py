"""Decides what one message means for one conversation: pure, total, the heart of the system.

``decide`` answers every message in every state with a ``Turn``. The order of its questions is the
order of what matters: danger first, then the choice that was offered, then where the intake stands,
then what the words want.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from hotline import (
    acts,
    attending,
    beside,
    choices,
    collecting,
    confirming,
    dangers,
    filing,
    letters,
    opening,
    silence,
    steps,
    wishes,
)
from hotline.citypack import CityPack
from hotline.conversation import MOST_BROUGHT, Attendance, Conversation, Draft, Phase
from hotline.message import InboundMessage
from hotline.scene import Heard, Scene, Standing
from hotline.ticket import TicketIdentity
from hotline.turn import Clarify, Decision, EmergencyTransfer, HandOver, Turn
from hotline.understanding import Intent

NEW_CONVERSATION = timedelta(hours=24)  #: after this long a silence a new one begins (DESIGN, Conversation)
_SAID_OTHERWISE = ("solved", "unsolved")


def decide(
    pack: CityPack,
    conversation: Conversation,
    heard: Heard,
    *,
    fresh: Sequence[TicketIdentity],
    standings: Sequence[Standing] = (),
    attendance: Attendance | None = None,
) -> Turn:
    """Return what to do about ``heard``; the same arguments always give the same turn."""
    before = _with_brought(_resumed(conversation, heard.message), heard.message)
    choice = _chosen(before, heard.message) or _meant(pack, before, heard.message)
    if before.doubt_open and not heard.message.option:
        choice = _ABOUT_DANGER.get(choice, choice)
    scene = Scene(pack=pack, before=before, heard=heard, fresh=fresh, standings=standings, choice=choice,
                  attendance=attendance)  # fmt: skip
    turn = _decided(scene)
    if turn.conversation.idle_talk == before.idle_talk:  # this message was no more of the same
        turn = replace(turn, conversation=replace(turn.conversation, idle_talk=0))
    if not heard.message.letter or not pack.keeps_ledger(heard.message.channel):
        return turn
    return letters.entered(turn, filing.draft_of_letter(pack, heard), unused=fresh[0])


def asks_for_progress(pack: CityPack, conversation: Conversation, heard: Heard) -> bool:
    """Tell whether ``decide`` may look at where tickets stand: without that it needs no ``standings``."""
    if conversation.tickets and not conversation.letter:
        return True  # what is said may be about one of them, or repeat it
    progress = heard.understanding.intent.plainly is Intent.PROGRESS or heard.message.act is not None
    chosen = _chosen(conversation, heard.message) or _meant(pack, conversation, heard.message)
    return progress or chosen in ("progress", "urge")


def _decided(scene: Scene) -> Turn:
    danger, message = dangers.sure_danger(scene), scene.heard.message
    if danger is not None:
        return dangers.emergency(scene, danger)
    if message.letter:
        return letters.decide_letter(scene)
    if message.act is not None:
        return dangers.with_doubt(scene, letters.decide_act(scene, message.act))
    if message.about:
        return dangers.with_doubt(scene, letters.decide_addition(scene))
    if scene.choice == "danger_yes":
        return scene.turn(scene.before, Clarify(text=scene.say("danger_numbers")))
    return dangers.with_doubt(scene, _in_phase(scene))


def _resumed(conversation: Conversation, message: InboundMessage) -> Conversation:
    last = conversation.last_at
    if last is None or conversation.letter or message.received_at - last < NEW_CONVERSATION:
        return conversation
    return Conversation(id=conversation.id, tickets=conversation.tickets, filed=conversation.filed)


def _with_brought(conversation: Conversation, message: InboundMessage) -> Conversation:
    """Remember what was sent along until a ticket takes it."""
    known = conversation.brought
    attachments = tuple(dict.fromkeys((*known.attachments, *message.attachments)))[-MOST_BROUGHT:]
    brought = replace(known, attachments=attachments, location=message.location or known.location)
    return replace(conversation, brought=brought)


def _chosen(conversation: Conversation, message: InboundMessage) -> str:
    if message.option:
        return message.option
    said = wishes.plain(message.text)
    offered = conversation.offered
    if message.numbered and said.isdecimal() and 0 < int(said) <= len(offered):
        return offered[int(said) - 1].id
    return next((option.id for option in offered if option.label == said), "")


def _meant(pack: CityPack, conversation: Conversation, message: InboundMessage) -> str:
    """Return the choice that words other than its label make, or the empty string."""
    said = wishes.plain(message.text)
    offered = {option.id for option in conversation.offered}
    if conversation.doubt_open:
        return next((id for id in _ABOUT_DANGER if pack.words[f"option_{id}"] == said), "")
    for id in _SAID_OTHERWISE:
        if id in offered and said in pack.words[f"also_{id}"].split():
            return id
    for name in ("ordinals", "numerals") if message.numbered else ("ordinals",):
        spoken = pack.words[name].split()
        if said in spoken and spoken.index(said) < len(conversation.offered):
            return conversation.offered[spoken.index(said)].id
    # The page greets before anything was said, so these labels are known to whoever begins.
    labels = {pack.words[f"option_{id}"]: id for id in steps.GREETING_OPTIONS}
    idle = conversation.phase is Phase.IDLE
    return labels.get(said, "") if idle else ""


def _in_phase(scene: Scene) -> Turn:
    if dangers.tells_place(scene):
        return dangers.supplement(scene)
    turn = dangers.answered(scene) or attending.left_to_person(scene) or silence.after(scene, _in_phase)
    if turn is not None:
        return turn
    if scene.before.doing is not None:
        turn = acts.gone_on(scene, scene.before.doing)
        if turn is not None:
            return turn
        scene = replace(scene, before=replace(scene.before, doing=None))
    if scene.choice.startswith(opening.MEANT):
        return opening.meant(scene)
    if scene.choice in choices.CHOICES:
        return choices.CHOICES[scene.choice](scene)
    if not scene.text:
        return beside.without_words(scene)
    if not scene.choice:
        turn = next(filter(None, (aside(scene) for aside in beside.ASIDES)), None)
        if turn is not None:
            return turn
    match scene.before.phase:
        case Phase.CONFIRMING:
            return confirming.confirming(scene)
        case Phase.COLLECTING:
            return collecting.collecting(scene)
        case Phase.IDLE:
            return opening.BY_INTENT.get(scene.intent, opening.unclear)(scene)


#: While a danger is asked about, bare words answer that question and no other one.
_ABOUT_DANGER: Mapping[str, str] = {"ground_yes": "danger_yes", "ground_no": "danger_no"}


def handed_over(
    pack: CityPack, conversation: Conversation, heard: Heard, *, identity: TicketIdentity
) -> Turn:
    """Return the turn that gives everything said so far to a person, when no decision could be made."""
    message = heard.message
    letter, about = conversation.letter, letters.reopened_by(message, conversation)
    if about is not None:
        letter, identity = replace(about, outcome="ticket"), about.identity
    text = dangers.told(message) or pack.say("wants_person")
    before = (about.draft if about else conversation.draft) or Draft(kind="other", said=())
    said = (*before.said, text)
    form = {name: value for name, value in message.fields if message.letter and name != "kind"}
    facts = {**before.facts, **form, "what": "\n".join(said)}
    draft = Draft(kind="other", said=said, facts=facts, callback=True)
    brought = _with_brought(conversation, message).brought
    ticket = filing.ticket(pack, heard, draft, identity=identity, brought=brought)
    after = replace(
        Conversation(id=conversation.id),
        tickets=(*conversation.tickets, ticket.number),
        urgent=conversation.urgent,
        letter=letter,
        last_at=message.received_at,
    )
    first: tuple[Decision, ...] = ()
    if heard.danger is not None:
        # In doubt too: whoever reads this late must not be the only one who knows.
        first = (EmergencyTransfer(danger=heard.danger, recorded=True),)
    turn = Turn(decisions=(*first, HandOver(ticket=ticket)), conversation=after)
    if message.letter and pack.keeps_ledger(message.channel):
        return letters.entered(turn, draft, unused=identity)
    return turn
