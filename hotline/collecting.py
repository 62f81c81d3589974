"""The answers to what the intake asks."""

from dataclasses import replace

from hotline import filing, grounds, related, revising, steps, wishes
from hotline.conversation import Draft, Phase
from hotline.redaction import valid_phone
from hotline.scene import CLEAR, Scene
from hotline.steps import GROUND, MOST_ASKED, RELATED
from hotline.turn import Answer, Clarify, Turn
from hotline.understanding import Intent

LONGEST_BARE_NAME = 8  #: letters; what is longer and does not say that it is a name tells something else


def collecting(scene: Scene) -> Turn:
    """Take the message as the answer that is awaited, or as what it is instead."""
    draft = steps.pending_draft(scene)
    if scene.intent is Intent.HUMAN and not draft.callback:
        return steps.to_person(scene)
    if draft.asking == GROUND:
        return grounds.about_ground(scene, draft)
    if draft.asking == RELATED:
        return related.about_related(scene, draft)
    if wishes.calls_off(scene) and draft.asking not in ("phone", "name"):
        return steps.call_off(scene)
    if scene.intent is Intent.CONSULT and draft.asking != "what" and scene.heard.finding.answered:
        return steps.pending_again(scene, scene.before, Answer(hit=scene.heard.finding.hits[0]))
    if scene.heard.ground is not None and scene.heard.ground.sure:
        return grounds.refuse(scene, scene.heard.ground)
    if draft.asking != "what":
        turn = revising.set_right(scene, draft) or related.other_matter(scene)
        if turn is not None:
            return turn
    return _take_answer(scene, draft)


def _take_answer(scene: Scene, draft: Draft) -> Turn:
    field = draft.asking
    if field == "phone" and filing.phone_in(scene.text, scene.heard) is None and not wishes.declines(scene):
        # What was said where a number was expected is still part of what the citizen told.
        draft = filing.answered(draft, "", scene.text, scene.heard, declined=False)
        if draft.asked.count("phone") < 2:
            again = replace(draft, asking="phone", asked=(*draft.asked, "phone"))
            question = filing.question(scene.pack, draft, "phone")
            return scene.turn(
                replace(scene.before, phase=Phase.COLLECTING, draft=again),
                Clarify(text=question.ask_again, options=steps.question_options(scene, question)),
            )
        return steps.next_step(scene, filing.answered(draft, "phone", "", scene.heard, declined=True))
    if (
        field == "place"
        and not scene.choice
        and _is_vague_place(scene)
        and draft.asked.count("place") < MOST_ASKED
    ):
        vague = replace(filing.answered(draft, "", "", scene.heard, declined=False), asking="place",
                        said=(*draft.said, scene.text), asked=(*draft.asked, "place"))  # fmt: skip
        after = replace(scene.before, phase=Phase.COLLECTING, draft=vague)
        return scene.turn(after, Clarify(text=scene.say("vague_place")))
    if field in ("place", "time") and scene.intent is Intent.AFFIRM and not scene.choice:
        return steps.pending_again(scene, scene.before)  # a yes is no place and no time
    if field == "name" and _demands(scene):
        # More about the matter where a name was asked for: no name, and nothing to lose.
        return steps.next_step(scene, filing.answered(draft, "what", scene.text, scene.heard, declined=False))
    beside = _told_beside(scene, draft)
    if beside is not None:
        return steps.next_step(scene, beside)
    phone = valid_phone(scene.text)
    if field in ("place", "time", "name") and phone is not None:
        # A number is no place, time or name; the question is put once more, then left.
        passed = {field: ""} if draft.asked.count(field) > 1 else {}
        return steps.next_step(
            scene, replace(draft, facts={**draft.facts, "phone": phone, **passed}, asking="")
        )
    declined = wishes.declines(scene) or (field == "name" and scene.intent is Intent.AFFIRM)
    return steps.next_step(scene, filing.answered(draft, field, scene.text, scene.heard, declined=declined))


def _told_beside(scene: Scene, draft: Draft) -> Draft | None:
    """Return the draft with a place told where a time was asked for, or a time for a place; the question stays."""
    told = {"time": "place", "place": "time"}.get(draft.asking, "")
    understood = scene.heard.understanding
    value = understood.value_of(told) if told and not understood.value_of(draft.asking) else ""
    if not value or scene.choice or len(scene.text) > len(value) + wishes.BARE:
        return None
    known = draft.facts.get(told, "")
    fact = scene.text if known in scene.text or len(scene.text) > len(known) else known
    facts = {**draft.facts, told: fact}
    return replace(draft, facts=facts, said=(*draft.said, scene.text), asking="")


def _demands(scene: Scene) -> bool:
    understood = scene.heard.understanding
    if len(scene.text) <= wishes.BARE or wishes.declines(scene) or filing.phone_in(scene.text, scene.heard):
        return False  # as short as a name, or no words about the matter
    clear = understood.intent in filing.KIND_OF and understood.confidence >= CLEAR
    longer = len(scene.text) > LONGEST_BARE_NAME and not wishes.holds(scene.pack, scene.text, "says_name")
    return (clear or longer) and not scene.choice and not understood.value_of("name")


def _is_vague_place(scene: Scene) -> bool:
    return (
        wishes.plain(scene.text) in scene.pack.words["vague_places"].split()
        and not scene.heard.message.location
    )
