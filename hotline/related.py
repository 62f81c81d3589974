"""Several matters of one person: two told at once, one put off for another, one that was filed already."""

from dataclasses import replace

from hotline import filing, matters, steps
from hotline.conversation import Brought, Conversation, Draft, Phase
from hotline.scene import Scene
from hotline.steps import RELATED
from hotline.turn import SmallTalk, Supplement, Turn, Urge
from hotline.understanding import Intent
from hotline.wishes import holds

MOST_WAITING = 3  #: matters that wait for the one in hand


def other_matter(scene: Scene) -> Turn | None:
    """Keep another matter for later, or put the one in hand off for it; nothing of either is lost."""
    draft = steps.pending_draft(scene)
    if draft.callback or len(scene.before.waiting) >= MOST_WAITING:
        return None
    kind = filing.KIND_OF.get(scene.intent, draft.kind)
    if other := matters.next_matter(scene.pack, scene.text):
        later = filing.draft_of(kind, other, scene.heard)
        told = SmallTalk(text=scene.say("matter_waits"))
        after = replace(scene.before, waiting=(*scene.before.waiting, _same_person(later, draft)))
        return steps.pending_again(scene, after, told)
    other = matters.changes_topic(scene.pack, scene.text)
    if not other:
        return None
    told = SmallTalk(text=scene.say("other_first", title=steps.title_of(scene, draft)))
    put_off = replace(draft, asking="", asked=draft.asked[:-1] if draft.asking else draft.asked)
    after = replace(scene.before, waiting=(put_off, *scene.before.waiting))
    first = _same_person(filing.draft_of(kind, other, scene.heard), draft)
    return steps.next_step(replace(scene, before=after), first, told)


def _same_person(draft: Draft, known: Draft) -> Draft:
    who = {
        name: known.facts[name]
        for name in ("phone", "name", "confidential", "anonymous")
        if name in known.facts
    }
    return replace(draft, facts={**who, **draft.facts})


def about_related(scene: Scene, draft: Draft) -> Turn:
    """Take the answer to the question whether it is the matter of an earlier ticket."""
    if scene.intent is Intent.AFFIRM:
        return same_urge(scene)
    if scene.intent is Intent.DENY:
        return not_same(scene)
    told = filing.answered(draft, "what", scene.text, scene.heard, declined=False)
    return steps.next_step(scene, told)


def same_add(scene: Scene) -> Turn:
    """What was said anew goes to the earlier ticket at once."""
    draft = scene.before.draft
    if draft is None or draft.asking != RELATED:
        return steps.nothing_pending(scene)
    return steps.then_waiting(scene, _ended(scene), _added(scene, draft))


def _ended(scene: Scene) -> Conversation:
    return replace(scene.before, phase=Phase.IDLE, draft=None, brought=Brought())


def _added(scene: Scene, draft: Draft) -> Supplement:
    """Return what was told anew, with all that was sent along, for the earlier ticket."""
    brought = scene.before.brought
    text = brought.under("\n".join(draft.said))
    return Supplement(number=draft.like, text=text, attachments=brought.attachments)


def same_urge(scene: Scene) -> Turn:
    """It is the same matter: urge the earlier ticket, where that is still open."""
    draft = scene.before.draft
    if draft is None or draft.asking != RELATED:
        return steps.nothing_pending(scene)
    standing = next((one for one in scene.standings if one.number == draft.like), None)
    if standing is None or standing.withdrawn or standing.closed:
        return not_same(scene)
    if scene.before.brought.attachments:  # an urge takes no files along
        again = Urge(number=draft.like, times=standing.urged + 1)
        return steps.then_waiting(scene, _ended(scene), _added(scene, draft), again)
    # The words of the second telling go along: nothing that was said is lost.
    urged = Urge(number=draft.like, text=_added(scene, draft).text, times=standing.urged + 1)
    return steps.then_waiting(scene, _ended(scene), urged)


def not_same(scene: Scene) -> Turn:
    """It is another matter: the intake goes on."""
    draft = scene.before.draft
    if draft is None or draft.asking != RELATED:
        return steps.nothing_pending(scene)
    return steps.next_step(scene, replace(draft, asking="", like=""))


def first_step(scene: Scene, draft: Draft) -> Turn:
    """Take two matters as two; offer the earlier ticket where this is the same matter once more."""
    unnamed = scene.heard.secrecy and holds(scene.pack, draft.facts.get("what", ""), "says_anonymous")
    if unnamed and not draft.facts.get("phone"):
        draft = filing.anonymous(draft)
    first, second = matters.parted(scene.pack, draft.facts.get("what", ""))
    if second and len(scene.before.waiting) < MOST_WAITING:
        one, other = matters.split_draft(draft, first, second)
        told = SmallTalk(text=scene.say("two_matters", title=steps.title_of(scene, one)))
        after = replace(scene.before, waiting=(other, *scene.before.waiting))
        return steps.next_step(replace(scene, before=after), one, told)
    like = matters.same_matter(draft, scene.before.filed, scene.standings)
    if not like:
        return steps.next_step(scene, draft)
    related = replace(draft, like=like, asking=RELATED, asked=(RELATED,))
    after = replace(scene.before, phase=Phase.COLLECTING, draft=related)
    return scene.turn(after, steps.ask_related(scene, related))
