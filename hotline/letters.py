"""Decides letters: all is said at once, nothing can be asked back, and every one gets a number."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from hotline import filing, matters
from hotline.conversation import Conversation, Draft, Letter
from hotline.message import Act, InboundMessage
from hotline.scene import CLEAR, Scene
from hotline.ticket import TicketIdentity
from hotline.turn import (
    Answer,
    Clarify,
    Decision,
    HandOver,
    OpenTicket,
    Rate,
    Refusal,
    SmallTalk,
    Supplement,
    Turn,
    Urge,
    Withdraw,
)
from hotline.understanding import Intent

MOST_MATTERS = 2  #: tickets that one letter makes at most


def decide_letter(scene: Scene) -> Turn:
    """Answer, refuse or file the letter; whatever is in doubt goes to a person as a ticket."""
    draft = filing.draft_of_letter(scene.pack, scene.heard)
    danger, ground = scene.heard.danger, scene.heard.ground
    if danger is not None:
        # Nobody can be asked whether it is so: the number is shown and a person reads the letter.
        asked = Clarify(text=scene.say("danger_in_letter"), danger=danger)
        return _file(scene, replace(draft, callback=True), asked)
    if scene.pack.imports(scene.heard.message.channel):
        # Taken up by somebody already: a person looks at a ground, nobody is refused behind their back.
        return _file(scene, replace(draft, callback=ground is not None))
    if ground is not None and ground.sure:
        return scene.turn(scene.before, Refusal(ground=ground))
    if _asks(scene, draft) and scene.heard.finding.answered:
        return scene.turn(scene.before, Answer(hit=scene.heard.finding.hits[0]))
    drafts = _matters(scene, draft)
    filed = _file(scene, drafts[0])
    for identity, other in zip(scene.fresh[1:], drafts[1:], strict=False):
        filed = _file(_going_on(scene, filed), other, *filed.decisions, identity=identity)
    told = () if len(drafts) == 1 else (_which_is_which(scene, *drafts),)
    return replace(filed, decisions=(*told, *filed.decisions, *_lacks(scene, drafts)))


def _which_is_which(scene: Scene, one: Draft, other: Draft) -> Decision:
    first, second = (
        filing.title_of(scene.pack, d.facts.get("subject") or d.facts["what"]) for d in (one, other)
    )
    return SmallTalk(text=scene.say("two_in_letter", one=first, other=second))


def _going_on(scene: Scene, turn: Turn) -> Scene:
    """Return ``scene`` as it stands after ``turn``, with what was sent along still there for the next ticket."""
    return replace(scene, before=replace(turn.conversation, brought=scene.before.brought))


def _matters(scene: Scene, draft: Draft) -> tuple[Draft, ...]:
    """Return a draft for each of the matters that the letter tells one after the other (R-ALL-10)."""
    first, second = matters.parted(scene.pack, draft.facts["what"])
    if not second or len(scene.fresh) < MOST_MATTERS:
        return (draft,)
    told = {name: value for name, value in scene.heard.message.fields if name == "place"}
    one, other = (replace(d, facts={**d.facts, **told}) for d in matters.split_draft(draft, first, second))
    # The heading names the first; the second is known by its own words.
    return one, replace(
        other, facts={name: value for name, value in other.facts.items() if name != "subject"}
    )


def _lacks(scene: Scene, drafts: Sequence[Draft]) -> tuple[Decision, ...]:
    """Ask once, in the reply to the letter, for the place that its kind needs and nobody wrote."""
    wanted = any(question.field == "place" for question in filing.questions(scene.pack, drafts[0]))
    if not wanted or all(draft.facts.get("place") for draft in drafts):
        return ()
    return (SmallTalk(text=scene.say("letter_lacks_place")),)


def entered(turn: Turn, draft: Draft, *, unused: TicketIdentity) -> Turn:
    """Return ``turn`` with its letter under the number of the ticket it files, else under ``unused``."""
    filed = ticket_of(turn)
    outcome = "refused" if any(isinstance(d, Refusal) for d in turn.decisions) else "answered"
    letter = Letter(identity=filed or unused, outcome="ticket" if filed else outcome, draft=draft)
    return replace(turn, conversation=replace(turn.conversation, letter=letter))


def decide_addition(scene: Scene) -> Turn:
    """Add to the ticket that the message is about; a letter without a ticket becomes one (CONTRACT)."""
    message = scene.heard.message
    letter = reopened_by(message, scene.before)
    if letter is not None:
        return _reopened(scene, letter)
    if not (scene.text or message.attachments):  # pressed again: the letter is a ticket by now
        return scene.turn(scene.before, SmallTalk(text=scene.say("letter_is_ticket", number=message.about)))
    brought = scene.before.brought
    # What was sent along for a ticket still in the making stays with that one.
    others = tuple(id for id in brought.attachments if id not in message.attachments)
    after = replace(scene.before, brought=replace(brought, attachments=others))
    return scene.turn(
        after, Supplement(number=message.about, text=scene.text, attachments=message.attachments)
    )


def decide_act(scene: Scene, act: Act) -> Turn:
    """Urge, rate or withdraw the ticket that the message is about; say why where that cannot be."""
    message, number = scene.heard.message, scene.heard.message.about
    if reopened_by(message, scene.before) is not None:
        return scene.turn(scene.before, Clarify(text=scene.say("act_needs_ticket", number=number)))
    now = next((one for one in scene.standings if one.number == number), None)
    if now is not None and now.withdrawn:
        return scene.turn(scene.before, Clarify(text=scene.say("act_withdrawn", number=number)))
    if now is not None and now.closed and act is not Act.RATE:
        return scene.turn(scene.before, Clarify(text=scene.say("act_closed", number=number)))
    match act:
        case Act.URGE:
            done: Decision = Urge(number=number, text=scene.text)
        case Act.WITHDRAW:
            done = Withdraw(number=number, reason=scene.text)
        case Act.RATE:
            done = Rate(number=number, grade=message.grade or 1, reason=scene.text, solved=message.solved)
        case _:
            assert_never(act)
    return scene.turn(scene.before, done)


def reopened_by(message: InboundMessage, conversation: Conversation) -> Letter | None:
    """Return the letter that ``message`` turns into a ticket, if it is about one that is none yet."""
    letter = conversation.letter
    if letter is None or letter.outcome == "ticket" or letter.identity.number != message.about:
        return None
    return letter


def _reopened(scene: Scene, letter: Letter) -> Turn:
    said = (*letter.draft.said, *((scene.text,) if scene.text else ()))
    facts = {**letter.draft.facts, "what": "\n".join(said)}
    draft = replace(letter.draft, said=said, facts=facts, callback=True)
    turn = _file(scene, draft, identity=letter.identity)
    after = replace(turn.conversation, letter=replace(letter, outcome="ticket", draft=draft))
    turn = replace(turn, conversation=after)
    return scene.thinks(turn, solved=False) if scene.choice == "unsolved" else turn


def _asks(scene: Scene, draft: Draft) -> bool:
    told = any(name == "kind" and value in scene.pack.kinds for name, value in scene.heard.message.fields)
    understood = scene.heard.understanding
    reads_so = understood.intent is Intent.CONSULT and understood.confidence >= CLEAR
    return draft.kind == "consultation" and (told or reads_so)


def _file(scene: Scene, draft: Draft, *before: Decision, identity: TicketIdentity | None = None) -> Turn:
    ticket = filing.ticket(
        scene.pack,
        scene.heard,
        draft,
        identity=identity or scene.fresh[0],
        brought=scene.before.brought,
    )
    return scene.turn(scene.filed(ticket.number), *before, OpenTicket(ticket=ticket))


def ticket_of(turn: Turn) -> TicketIdentity | None:
    """Return number and code of the ticket that ``turn`` files, if it files one."""
    for decision in turn.decisions:
        if isinstance(decision, OpenTicket | HandOver):
            return TicketIdentity(number=decision.ticket.number, query_code=decision.ticket.query_code)
    return None
