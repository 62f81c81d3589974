"""The steps of an intake: what is asked next, what is asked again and how often, the summary, the hand-over."""

from dataclasses import replace

from hotline import filing
from hotline.citypack import Question
from hotline.conversation import Conversation, Draft, Option, Phase
from hotline.scene import Scene
from hotline.ticket import Ticket
from hotline.turn import MAX_DECISIONS, Clarify, Decision, HandOver, SmallTalk, Summary, SummaryField, Turn

GREETING_OPTIONS = ("complain", "ask", "progress", "human")
GROUND = "ground"  #: what a draft is asking while it is open whether a ground of refusal holds
RELATED = "related"  #: what a draft is asking while it may be about the same matter as an earlier ticket
MOST_ASKED = 2  #: how often one thing is asked; then it is passed over, or only recalled


def pending_again(scene: Scene, conversation: Conversation, *before: Decision) -> Turn:
    """Say ``before``, then ask again what the intake was waiting for; what was asked twice is only recalled."""
    draft = conversation.draft
    if draft is None or conversation.phase is Phase.IDLE:
        return scene.turn(conversation, *(before or (_ask_on(scene),)))
    if conversation.phase is Phase.CONFIRMING:
        return scene.turn(conversation, *before, summary(scene, draft))
    question = waiting_for(scene, draft)
    if question is None:
        return next_step(replace(scene, before=conversation), draft, *before)
    if draft.asked.count(draft.asking) >= MOST_ASKED:
        recalled = Clarify(
            text=scene.say("still_open"), options=question.options or scene.options("skip", "cancel")
        )
        return scene.turn(conversation, *before, recalled)
    again = replace(draft, asked=(*draft.asked, draft.asking))
    return scene.turn(replace(conversation, draft=again), *before, question)


def _ask_on(scene: Scene) -> Decision:
    return SmallTalk(text=scene.say("welcome"))


def waiting_for(scene: Scene, draft: Draft) -> Clarify | None:
    """Return the question whose answer is awaited."""
    if draft.asking == RELATED:
        return ask_related(scene, draft)
    if draft.asking == GROUND:
        ground = filing.ground_of(scene.pack, draft.ground)
        return (
            None
            if ground is None
            else Clarify(text=ground.ask, options=scene.options("ground_yes", "ground_no"))
        )
    known = (q for kind in scene.pack.kinds.values() for q in kind.questions if q.field == draft.asking)
    own = (q for q in filing.questions(scene.pack, draft) if q.field == draft.asking)
    question = next(own, None) or next(known, None)
    return None if question is None else asked(scene, question)


def ask_related(scene: Scene, draft: Draft) -> Clarify:
    """Return the question whether a matter is the one of an earlier ticket."""
    options = scene.options("same_urge", "same_add", "not_same")
    return Clarify(text=scene.say("related", number=draft.like), options=options)


def next_step(scene: Scene, draft: Draft, *before: Decision) -> Turn:
    """Say ``before``, then ask the first thing that is still open, else sum up, else hand over."""
    question = filing.next_question(scene.pack, draft)
    while question is not None and draft.asked.count(question.field) >= MOST_ASKED:
        draft = replace(draft, facts={**draft.facts, question.field: ""}, asking="")
        question = filing.next_question(scene.pack, draft)
    if question is not None:
        asking = replace(draft, asking=question.field, asked=(*draft.asked, question.field))
        after = replace(scene.before, phase=Phase.COLLECTING, draft=asking)
        return scene.turn(
            after,
            *before,
            asked(scene, question, again=question.field in draft.asked and question.field != "phone"),
        )
    if draft.callback:
        return hand_over(scene, draft, *before)
    return summarise(scene, draft, *before)


def asked(scene: Scene, question: Question, *, again: bool = False) -> Clarify:
    """Return ``question`` as it is put, in other words the second time."""
    return Clarify(
        text=question.ask_again if again else question.ask, options=question_options(scene, question)
    )


def question_options(scene: Scene, question: Question) -> tuple[Option, ...]:
    """Return the answers to ``question`` that can be tapped."""
    given = tuple(Option(id=f"value_{i}", label=label) for i, label in enumerate(question.options))
    return given + (scene.options("skip") if question.optional else ())


def summarise(scene: Scene, draft: Draft, *before: Decision) -> Turn:
    """Show what would be filed and wait for a yes."""
    after = replace(scene.before, phase=Phase.CONFIRMING, draft=replace(draft, asking=""))
    return scene.turn(after, *before, summary(scene, draft))


def summary(scene: Scene, draft: Draft) -> Summary:
    """Return ``draft`` as it is read back."""
    rows = filing.summary_rows(scene.pack, draft)
    return Summary(
        fields=tuple(SummaryField(name=name, label=label, value=value) for name, label, value in rows)
    )


def ticket_of(scene: Scene, draft: Draft) -> Ticket:
    """Return the ticket that ``draft`` becomes now."""
    return filing.ticket(
        scene.pack, scene.heard, draft, identity=scene.fresh[0], brought=scene.before.brought
    )


def hand_over(scene: Scene, draft: Draft, *before: Decision) -> Turn:
    """Give everything said so far to a person."""
    ticket = ticket_of(scene, draft)
    return then_waiting(scene, scene.filed(ticket.number), *before, HandOver(ticket=ticket))


def then_waiting(scene: Scene, conversation: Conversation, *before: Decision) -> Turn:
    """Say ``before``, then go on with the next matter that waits, if one does."""
    if not conversation.waiting:
        return scene.turn(conversation, *before)
    draft, *rest = conversation.waiting
    after = replace(conversation, waiting=tuple(rest), draft=draft, phase=Phase.COLLECTING)
    back = SmallTalk(text=scene.say("next_matter", title=title_of(scene, draft)))
    turn = next_step(replace(scene, before=after), draft, *before, back)
    return turn if len(turn.decisions) <= MAX_DECISIONS else scene.turn(conversation, *before)


def title_of(scene: Scene, draft: Draft) -> str:
    """Return a few words by which the citizen knows the matter again."""
    return filing.title_of(scene.pack, draft.facts.get("what", "") or "\n".join(draft.said))


def pending_draft(scene: Scene) -> Draft:
    """Return the draft in hand; there is one whenever an intake is under way."""
    if scene.before.draft is None:
        raise ValueError(f"phase {scene.before.phase} without a draft")
    return scene.before.draft


def call_off(scene: Scene) -> Turn:
    """File nothing of what is in hand, and go on with what waits."""
    if scene.before.phase is Phase.IDLE:
        return nothing_pending(scene)
    after = replace(scene.before, phase=Phase.IDLE, draft=None)
    options = () if after.waiting else scene.options("complain", "human")
    return then_waiting(scene, after, SmallTalk(text=scene.say("cancelled"), options=options))


def nothing_pending(scene: Scene) -> Turn:
    """Say that nothing waits for an answer, with what can be chosen."""
    return scene.turn(
        scene.before,
        SmallTalk(text=scene.say("nothing_pending"), options=scene.options(*GREETING_OPTIONS)),
    )


def to_person(scene: Scene) -> Turn:
    """A person takes over, with everything said so far; only a way to call back is asked for."""
    before = scene.before
    draft = before.draft or Draft(kind="other", said=())
    said = draft.said or tuple(filter(None, (before.refused or before.unanswered,)))
    words = (*said, scene.text) if scene.text and not scene.choice else said
    facts = {"what": "\n".join(words) or scene.say("wants_person")} | dict(draft.facts)
    return next_step(scene, replace(draft, said=words, facts=facts, callback=True, asking=""))
