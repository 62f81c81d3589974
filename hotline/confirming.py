"""The summary: a yes files it, everything else mends it, adds to it or calls it off."""

from dataclasses import replace

from hotline import filing, related, revising, steps, wishes
from hotline.conversation import Phase
from hotline.redaction import valid_phone
from hotline.scene import Scene
from hotline.turn import Answer, Clarify, OpenTicket, SmallTalk, Turn
from hotline.understanding import Intent


def confirming(scene: Scene) -> Turn:
    """Take the message as a yes, a correction, an addition or a no to the summary."""
    draft = steps.pending_draft(scene)
    if scene.intent is Intent.AFFIRM:
        return confirm(scene)
    turn = revising.set_right(scene, draft) or related.other_matter(scene)
    if turn is not None:
        return turn
    if scene.intent is Intent.DENY:
        return steps.call_off(scene) if wishes.calls_off(scene) else _what_is_wrong(scene)
    if scene.intent is Intent.HUMAN:
        return steps.to_person(scene)
    if scene.intent is Intent.THANKS:
        return steps.pending_again(scene, scene.before, SmallTalk(text=scene.say("welcome")))
    if scene.intent is Intent.GREET or len(scene.text) == 1:
        return steps.pending_again(scene, scene.before)  # nothing that belongs into the matter
    if scene.intent is Intent.CONSULT and scene.heard.finding.answered:
        return steps.pending_again(scene, scene.before, Answer(hit=scene.heard.finding.hits[0]))
    return steps.summarise(scene, filing.corrected(draft, scene.text, scene.heard))


def _what_is_wrong(scene: Scene) -> Turn:
    question = Clarify(text=scene.say("what_is_wrong"), options=scene.options("confirm", "cancel"))
    return scene.turn(scene.before, question)


def confirm(scene: Scene) -> Turn:
    """File what the summary shows; a number that is none is asked for first."""
    if scene.before.phase is not Phase.CONFIRMING:
        return steps.nothing_pending(scene)
    draft = filing.edited(steps.pending_draft(scene), scene.heard.message.fields)
    phone = draft.facts.get("phone", "")
    if phone and valid_phone(phone) is None:
        question = filing.question(scene.pack, draft, "phone")
        after = replace(scene.before, draft=draft)
        return scene.turn(after, Clarify(text=question.ask_again), steps.summary(scene, draft))
    if not draft.facts.get("what", "").strip():
        question = filing.question(scene.pack, draft, "what")
        return scene.turn(
            replace(scene.before, draft=draft), Clarify(text=question.ask), steps.summary(scene, draft)
        )
    ticket = steps.ticket_of(scene, draft)
    after = scene.filed(ticket.number, draft.facts["what"], draft.facts.get("place", ""))
    return steps.then_waiting(scene, after, OpenTicket(ticket=ticket))


def add(scene: Scene) -> Turn:
    """Ask what is to be added to the summary."""
    if scene.before.phase is not Phase.CONFIRMING:
        return steps.nothing_pending(scene)
    draft = filing.edited(steps.pending_draft(scene), scene.heard.message.fields)
    after = replace(scene.before, phase=Phase.CONFIRMING, draft=draft)
    return scene.turn(after, Clarify(text=scene.say("say_more")))
