"""A long silence: whether to go on is asked, and what was said meanwhile is kept until that is known."""

from collections.abc import Callable
from dataclasses import replace

from hotline import filing, steps, wishes
from hotline.conversation import SILENCE, Held, Phase
from hotline.scene import Scene
from hotline.turn import MAX_DECISIONS, Clarify, SmallTalk, Turn
from hotline.understanding import Intent


def _was_silent(scene: Scene) -> bool:
    before, now = scene.before, scene.heard.message.received_at
    waited = before.last_at is not None and now - before.last_at >= SILENCE
    return waited and before.phase is not Phase.IDLE and not scene.choice and bool(scene.text)


def _asks_to_go_on(scene: Scene) -> Turn:
    """Keep what was said until it is known what it belongs to."""
    bare = scene.intent in (Intent.GREET, Intent.AFFIRM, Intent.DENY, Intent.THANKS)
    held = None if bare else Held(text=scene.text, understanding=scene.heard.understanding)
    title = steps.title_of(scene, steps.pending_draft(scene))
    question = Clarify(text=scene.say("go_on_ask", title=title), options=scene.options("go_on", "start_over"))
    return scene.turn(replace(scene.before, paused=True, held=held), question)


def after(scene: Scene, go_on: Callable[[Scene], Turn]) -> Turn | None:
    """Ask after a long silence whether to go on, and take the answer; what was said meanwhile is not lost."""
    if not scene.before.paused:
        return _asks_to_go_on(scene) if _was_silent(scene) else None
    held = scene.before.held
    going = replace(scene, before=replace(scene.before, paused=False, held=None))
    goes_on = scene.choice == "go_on" or (not scene.choice and scene.intent is Intent.AFFIRM)
    if goes_on:
        return steps.pending_again(going, going.before) if held is None else go_on(_saying(going, held))
    if scene.choice == "start_over" or (
        not scene.choice and (scene.intent is Intent.DENY or wishes.calls_off(scene))
    ):
        ended = replace(going, before=replace(going.before, phase=Phase.IDLE, draft=None))
        if held is None:
            return steps.call_off(going)
        turn = go_on(_saying(ended, held))
        dropped = SmallTalk(text=scene.say("cancelled"))
        return scene.turn(turn.conversation, dropped, *turn.decisions[: MAX_DECISIONS - 1])
    if held is not None and going.before.draft is not None:
        draft = filing.answered(going.before.draft, "", held.text, going.heard, declined=False)
        draft = replace(draft, asking=going.before.draft.asking)
        going = replace(going, before=replace(going.before, draft=draft))
    return go_on(replace(going, before=replace(going.before, last_at=None)))


def _saying(scene: Scene, held: Held) -> Scene:
    """Return the scene in which what was held back is said now."""
    message = replace(scene.heard.message, text=held.text, option=None)
    heard = replace(scene.heard, message=message, understanding=held.understanding, ground=None)
    return replace(scene, heard=heard, choice="", before=replace(scene.before, last_at=None))
