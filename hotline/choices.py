"""What each choice that was offered does."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from hotline import acts, beside, confirming, dangers, filing, grounds, opening, related, revising, steps
from hotline.conversation import Brought, Phase
from hotline.scene import Scene
from hotline.turn import Clarify, SmallTalk, Supplement, Turn


def _file(scene: Scene) -> Turn:
    """Nobody wrote an answer, or it did not help: a person answers the same question."""
    if scene.before.phase is not Phase.IDLE:
        return steps.pending_again(scene, scene.before)
    question = scene.before.unanswered
    if not question:
        return _complain(scene)
    return steps.next_step(scene, filing.draft_of("consultation", question, scene.heard))


def _solved(scene: Scene) -> Turn:
    after = replace(scene.before, unanswered="")
    return scene.thinks(scene.turn(after, SmallTalk(text=scene.say("glad"))), solved=True)


def _unsolved(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.IDLE:
        turn = steps.pending_again(scene, scene.before, SmallTalk(text=scene.say("first_this")))
    else:
        ways = Clarify(text=scene.say("not_solved"), options=scene.options("file", "human"))
        turn = scene.turn(scene.before, ways)
    return scene.thinks(turn, solved=False)


def _complain(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.IDLE:
        return steps.pending_again(scene, scene.before)
    # Chosen under a message that was not understood, it means that message: nobody says it twice.
    about_last = any(option.id == "file" for option in scene.before.offered)
    return opening.begin(scene, "complaint", scene.before.unanswered if about_last else "")


def _urge(scene: Scene) -> Turn:
    return acts.begun(scene, "urge") if scene.standings else opening.progress(scene)


def _supplement(scene: Scene) -> Turn:
    return acts.begun(scene, "supplement")


def _withdraw(scene: Scene) -> Turn:
    return acts.begun(scene, "withdraw")


def _rate(scene: Scene) -> Turn:
    return acts.begun(scene, "rate")


def _add_last(scene: Scene) -> Turn:
    """What was said last belongs to the last ticket."""
    before = scene.before
    if not (before.unanswered and before.filed):
        return steps.nothing_pending(scene)
    after = replace(before, unanswered="", brought=Brought())
    added = Supplement(
        number=before.filed[-1].number,
        text=before.brought.under(before.unanswered),
        attachments=before.brought.attachments,
    )
    return scene.turn(after, added)


def _new_matter(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.IDLE or not scene.before.unanswered:
        return steps.nothing_pending(scene)
    return opening.begin(scene, "complaint", scene.before.unanswered)


CHOICES: Mapping[str, Callable[[Scene], Turn]] = {
    "confirm": confirming.confirm,
    "cancel": steps.call_off,
    "add": confirming.add,
    "skip": revising.skip,
    "human": steps.to_person,
    "file": _file,
    "solved": _solved,
    "unsolved": _unsolved,
    "review": grounds.review,
    "more": grounds.more,
    "complain": _complain,
    "ask": opening.ask,
    "progress": opening.progress,
    "urge": _urge,
    "supplement": _supplement,
    "withdraw": _withdraw,
    "rate": _rate,
    "same_urge": related.same_urge,
    "same_add": related.same_add,
    "not_same": related.not_same,
    "add_last": _add_last,
    "new_matter": _new_matter,
    "ground_yes": grounds.holds,
    "ground_no": grounds.does_not_hold,
    "danger_no": dangers.denied,
    "greet": opening.greet,
    "unreadable": beside.text_please,
}
