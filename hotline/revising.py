"""What was told before is taken back or put right: a correction, a step back, a new beginning, a question passed over."""

from dataclasses import replace

from hotline import filing, grounds, related, steps
from hotline.conversation import Draft, Phase
from hotline.corrections import Correction, corrected, correction_by_fact, correction_in, told_last
from hotline.scene import Scene
from hotline.steps import GROUND, RELATED
from hotline.turn import Clarify, SmallTalk, Turn
from hotline.understanding import Intent
from hotline.wishes import says_only, wish_of


def set_right(scene: Scene, draft: Draft) -> Turn | None:
    """Take back or put right what was told before: a correction, a step back, a new beginning."""
    wish = wish_of(scene, "restart", "back", "skip")
    if wish == "restart":
        return _begun_again(scene, draft)
    if wish == "back":
        return _ask_anew(scene, draft, told_last(draft) or draft.asking)
    if wish == "skip" and scene.before.phase is Phase.COLLECTING:
        return skip(scene)
    correction = correction_in(scene.pack, draft, scene.text, scene.heard.understanding)
    if correction is not None:
        return _corrected(scene, draft, correction)
    if (
        scene.before.phase is Phase.COLLECTING
        and says_only(scene.pack, scene.text, "fix_wrong")
        and told_last(draft)
    ):
        return _ask_anew(scene, draft, told_last(draft))
    return _clearly_corrected(scene, draft) if scene.clearly(Intent.CORRECT) else None


def _clearly_corrected(scene: Scene, draft: Draft) -> Turn:
    """Take a correction in words that no list knows: by the fact it names, else ask which; the words are kept."""
    found = correction_by_fact(draft, scene.text, scene.heard.understanding)
    if found is not None:
        return _corrected(scene, draft, found)
    before = replace(scene.before, draft=replace(draft, said=(*draft.said, scene.text)))
    which = Clarify(text=scene.say("which_fact"))
    if before.phase is Phase.CONFIRMING:
        return scene.turn(before, which)
    return steps.pending_again(scene, before, SmallTalk(text=which.text))


def _begun_again(scene: Scene, draft: Draft) -> Turn:
    anew = Draft(kind=draft.kind, said=(), asking="what", asked=("what",), callback=draft.callback)
    after = replace(scene.before, phase=Phase.COLLECTING, draft=anew)
    question = filing.question(scene.pack, anew, "what")
    return scene.turn(after, SmallTalk(text=scene.say("restarted")), steps.asked(scene, question))


def _corrected(scene: Scene, draft: Draft, correction: Correction) -> Turn:
    if not correction.value:
        return _ask_anew(scene, draft, correction.field)
    right = corrected(draft, correction, scene.text)
    if scene.before.phase is Phase.CONFIRMING:
        return steps.summarise(scene, right)
    done = SmallTalk(text=scene.say("corrected"))
    return steps.pending_again(scene, replace(scene.before, draft=right), done)


def _ask_anew(scene: Scene, draft: Draft, field: str) -> Turn:
    """Ask for ``field`` once more because the citizen wants to say it otherwise; the old value stays until then."""
    if not field or field in (GROUND, RELATED):
        return steps.pending_again(scene, scene.before)
    question = filing.question(scene.pack, draft, field)
    pending = draft.asked[:-1] if draft.asking else draft.asked  # that question was put off, not answered
    left = tuple(name for name in pending if name != field)
    asking = replace(draft, asking=field, asked=(*left, field))
    after = replace(scene.before, phase=Phase.COLLECTING, draft=asking)
    return scene.turn(after, Clarify(text=question.ask, options=steps.question_options(scene, question)))


def skip(scene: Scene) -> Turn:
    """Pass the open question over."""
    if scene.before.phase is not Phase.COLLECTING:
        return steps.nothing_pending(scene)
    draft = steps.pending_draft(scene)
    if draft.asking in (GROUND, RELATED):
        return grounds.does_not_hold(scene) if draft.asking == GROUND else related.not_same(scene)
    return steps.next_step(scene, filing.answered(draft, draft.asking, "", scene.heard, declined=True))
