"""Decides letters: all is said at once, nothing can be asked back, and every one gets a number."""

from dataclasses import replace

from hotline import filing
from hotline.conversation import Brought, Draft, Letter
from hotline.scene import CLEAR, Scene
from hotline.ticket import TicketIdentity
from hotline.turn import Answer, Clarify, Decision, HandOver, OpenTicket, Refusal, Supplement, Turn
from hotline.understanding import Intent


def decide_letter(scene: Scene) -> Turn:
    """Answer, refuse or file the letter; whatever is in doubt goes to a person as a ticket."""
    draft = filing.draft_of_letter(scene.pack, scene.heard)
    danger, ground = scene.heard.danger, scene.heard.ground
    if danger is not None:
        # Nobody can be asked whether it is so: the number is shown and a person reads the letter.
        asked = Clarify(text=danger.ask, danger=danger)
        return _file(scene, replace(draft, callback=True), asked)
    if ground is not None and ground.sure:
        return scene.turn(scene.before, Refusal(ground=ground))
    if _asks(scene, draft) and scene.heard.finding.answered:
        return scene.turn(scene.before, Answer(hit=scene.heard.finding.hits[0]))
    return _file(scene, draft)


def entered(scene: Scene, turn: Turn) -> Turn:
    """Return ``turn`` with the letter under its number: that of its ticket, else one of its own."""
    filed = ticket_of(turn)
    outcome = "refused" if any(isinstance(d, Refusal) for d in turn.decisions) else "answered"
    letter = Letter(
        identity=filed or scene.fresh[0],
        outcome="ticket" if filed else outcome,
        draft=filing.draft_of_letter(scene.pack, scene.heard),
    )
    return replace(turn, conversation=replace(turn.conversation, letter=letter))


def decide_addition(scene: Scene) -> Turn:
    """Add to the ticket that the message is about; a letter without a ticket becomes one (CONTRACT)."""
    number, letter = scene.heard.message.about, scene.before.letter
    if letter is not None and letter.outcome != "ticket" and letter.identity.number == number:
        return _reopened(scene, letter)
    after = replace(scene.before, brought=Brought())
    return scene.turn(
        after, Supplement(number=number, text=scene.text, attachments=scene.heard.message.attachments)
    )


def _reopened(scene: Scene, letter: Letter) -> Turn:
    said = (*letter.draft.said, *((scene.text,) if scene.text else ()))
    facts = {**letter.draft.facts, "what": "\n".join(said)}
    draft = replace(letter.draft, said=said, facts=facts, callback=True)
    turn = _file(scene, draft, identity=letter.identity)
    after = replace(turn.conversation, letter=replace(letter, outcome="ticket", draft=draft))
    return replace(turn, conversation=after)


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
