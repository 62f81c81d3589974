"""A ground of refusal: asked about while in doubt, said with article and route, looked at again by a person."""

from dataclasses import replace

from hotline import filing, steps, wishes
from hotline.conversation import Draft, Phase
from hotline.scene import Scene
from hotline.screening import NotAccepted
from hotline.turn import Clarify, Refusal, Turn
from hotline.understanding import Intent


def about_ground(scene: Scene, draft: Draft) -> Turn:
    """Take the answer to the question whether a ground of refusal holds."""
    if scene.intent is Intent.AFFIRM:
        return holds(scene)
    if scene.intent is Intent.DENY or wishes.declines(scene):
        return does_not_hold(scene)
    # Neither yes nor no but more about it: doubt goes to the citizen (R-ALL-13).
    told = filing.answered(replace(draft, ground=""), "what", scene.text, scene.heard, declined=False)
    return steps.next_step(scene, told)


def review(scene: Scene) -> Turn:
    """What was refused goes to a person who looks again."""
    return steps.to_person(scene) if scene.before.refused else steps.nothing_pending(scene)


def more(scene: Scene) -> Turn:
    """More about what was refused goes to a person together with it."""
    draft = scene.before.draft
    if scene.before.phase is not Phase.IDLE or draft is None:
        return scene.turn(scene.before, Clarify(text=scene.say("say_more")))
    asking = replace(draft, callback=True, asking="what")
    after = replace(scene.before, phase=Phase.COLLECTING, draft=asking)
    return scene.turn(after, Clarify(text=scene.say("say_more")))


def holds(scene: Scene) -> Turn:
    """The citizen says that the ground holds: refuse by it."""
    draft = steps.pending_draft(scene) if scene.before.draft else None
    ground = filing.ground_of(scene.pack, draft.ground) if draft and draft.ground else None
    if draft is None or ground is None:
        return steps.nothing_pending(scene)
    return refuse(scene, ground)


def does_not_hold(scene: Scene) -> Turn:
    """The citizen says that the ground does not hold: the intake goes on."""
    if scene.before.draft is None:
        return steps.nothing_pending(scene)
    return steps.next_step(scene, replace(scene.before.draft, ground="", asking=""))


def refuse(scene: Scene, ground: NotAccepted) -> Turn:
    """Say no with article, reason and route; all that was said stays for the person who looks again."""
    draft = scene.before.draft if scene.before.phase is not Phase.IDLE else None
    said = (*(draft.said if draft else ()), *((scene.text,) if scene.text and not scene.choice else ()))
    kept = replace(
        draft or Draft(kind="other", said=()),
        said=said,
        facts={**(draft.facts if draft else {}), "what": "\n".join(said)},
        asking="",
        ground="",
        refused_by=ground.rule,
    )
    after = replace(scene.before, phase=Phase.IDLE, draft=kept, refused=kept.facts["what"])
    return scene.turn(after, Refusal(ground=ground))
