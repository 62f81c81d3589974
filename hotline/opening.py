"""What words want while nothing is in hand: an answer, a ticket, progress, or a question back."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from hotline import acts, filing, grounds, related, steps, wishes
from hotline.conversation import Brought, Conversation, Draft, Option, Phase
from hotline.scene import CLEAR, Scene
from hotline.screening import NotAccepted
from hotline.steps import GROUND
from hotline.turn import Answer, Clarify, Progress, SmallTalk, Supplement, Turn
from hotline.understanding import Finding, Intent
from hotline.wishes import holds

IDLE_TALK = 3  #: messages that bring nothing, from which on the talk is led to its end (KF-3-1c)
OCCUPATION = (
    "occupation"  #: id of the misconduct that going on after that is, where a city's text has it recorded
)
NAMES_A_MATTER = 2  #: letters that are left of it without the words that only demand
MEANT = "meant_"  #: begins the id of an option that stands for an article
MAY_BE_MEANT = 0.02  #: likelihood of the best hit from which on articles are offered (docs/evaluation.md)
MOST_OFFERED = 3
LIKELY = 0.7  #: below it a guess that somebody asks after a ticket does not end the talk about a matter


def ask(scene: Scene) -> Turn:
    """Ask for the question itself."""
    return scene.turn(scene.before, Clarify(text=scene.say("ask_away")))


def greet(scene: Scene) -> Turn:
    """Greet, with what can be chosen."""
    name = "greeting_again" if scene.before.tickets else "greeting"
    return scene.turn(
        scene.before, SmallTalk(text=scene.say(name), options=scene.options(*steps.GREETING_OPTIONS))
    )


def _thanks(scene: Scene) -> Turn:
    return scene.turn(scene.before, SmallTalk(text=scene.say("welcome")))


def progress(scene: Scene) -> Turn:
    """Say where the tickets of this conversation stand, or what the question about it may mean instead."""
    if scene.heard.finding.answered and scene.heard.understanding.confidence < CLEAR and not scene.choice:
        return _consult(scene)  # "how long does an answer take" asks about the rules, not about a ticket
    if not scene.standings and not scene.choice:
        if scene.heard.ground is not None and scene.heard.ground.sure:
            return grounds.refuse(
                scene, scene.heard.ground
            )  # "when will the court decide" is no ticket of ours
        if scene.heard.understanding.confidence < LIKELY:
            return _which_way(scene, "file", "complain", "progress", "human")
    if not scene.standings:
        text = scene.say("progress_elsewhere")
        return steps.pending_again(scene, scene.before, Progress(text=text))
    if holds(scene.pack, scene.text, "says_urge") and not scene.choice and scene.before.phase is Phase.IDLE:
        return acts.begun(scene, "urge")
    return acts.shown(scene, *scene.standings)


def _consult(scene: Scene) -> Turn:
    finding = scene.heard.finding
    if scene.heard.ground is not None and scene.heard.ground.sure:
        return grounds.refuse(
            scene, scene.heard.ground
        )  # an article would tell neither the law nor who looks again
    if finding.answered:
        after = replace(scene.before, unanswered=scene.text)
        return scene.turn(after, Answer(hit=finding.hits[0]))
    if _is_bare(scene, scene.text):
        return ask(scene)
    near = _near(finding)
    if not near and scene.heard.understanding.confidence < CLEAR:
        return _which_way(scene)
    after = replace(scene.before, unanswered=scene.text)
    question = scene.say("did_you_mean" if near else "not_found")
    return scene.turn(after, Clarify(text=question, options=(*near, *scene.options("file", "human"))))


def _near(finding: Finding) -> tuple[Option, ...]:
    """Return the questions of up to three articles that may be meant; none where even the best is unlikely."""
    if not finding.hits or finding.hits[0].score < MAY_BE_MEANT:
        return ()
    return tuple(
        Option(id=f"{MEANT}{hit.article_id}", label=hit.question) for hit in finding.hits[:MOST_OFFERED]
    )


def meant(scene: Scene) -> Turn:
    """Answer with the article that was chosen; one that was taken away meanwhile answers nobody."""
    chosen = next((hit for hit in scene.heard.meant if f"{MEANT}{hit.article_id}" == scene.choice), None)
    if chosen is not None:
        return scene.turn(scene.before, Answer(hit=chosen))
    return scene.turn(
        scene.before, Clarify(text=scene.say("not_found"), options=scene.options("file", "human"))
    )


def offered_articles(conversation: Conversation) -> tuple[str, ...]:
    """Return the ids of the articles that were offered last."""
    return tuple(one.id.removeprefix(MEANT) for one in conversation.offered if one.id.startswith(MEANT))


def _demand(scene: Scene) -> Turn:
    ground = scene.heard.ground
    if ground is not None and ground.sure:
        return grounds.refuse(scene, ground)
    return begin(scene, filing.KIND_OF[scene.intent], scene.text, ground)


def begin(scene: Scene, kind: str, text: str, ground: NotAccepted | None = None) -> Turn:
    """Begin the intake of a matter; where a ground may hold it is asked about first."""
    draft = filing.draft_of(kind, "" if _is_bare(scene, text) else text, scene.heard)
    if ground is None or not draft.said:
        return related.first_step(scene, draft)
    if filing.is_vagueness(scene.pack, ground.rule):
        # Nothing to say yes or no to: it is asked what the matter is, and never refused by itself.
        after = replace(scene.before, phase=Phase.COLLECTING, draft=replace(draft, asking="what"))
        return scene.turn(after, Clarify(text=ground.ask))
    doubted = replace(draft, ground=ground.rule, asking=GROUND, asked=(GROUND,))
    question = Clarify(text=ground.ask, options=scene.options("ground_yes", "ground_no"))
    return scene.turn(replace(scene.before, phase=Phase.COLLECTING, draft=doubted), question)


def _is_bare(scene: Scene, text: str) -> bool:
    """Tell whether ``text`` only says that something is wanted, not what."""
    if len(text) > wishes.BARE:
        return False
    for word in sorted(scene.pack.words["bare"].split(), key=len, reverse=True):
        text = text.replace(word, "")
    return sum(letter.isalnum() for letter in text) < NAMES_A_MATTER


def _added(scene: Scene) -> Turn | None:
    """More about the one ticket there is goes to it at once; with several it is asked where it belongs."""
    own = scene.before.tickets
    ours = [one for one in scene.standings if one.number in own and not one.withdrawn]
    if len(ours) != 1 or not scene.clearly(Intent.SUPPLEMENT):
        return None
    if wishes.says_only(scene.pack, scene.text, "says_supplement", "bare"):
        return acts.begun(scene, "supplement")
    brought = scene.before.brought
    added = Supplement(number=ours[0].number, text=brought.under(scene.text), attachments=brought.attachments)
    return scene.turn(replace(scene.before, brought=Brought()), added)


def _in_secret(scene: Scene) -> Turn | None:
    """Somebody first of all wants to stay unknown, or that nobody is told: promised, and what it is about asked."""
    unnamed = scene.clearly(Intent.ANONYMOUS)
    if not (unnamed or scene.clearly(Intent.CONFIDENTIAL)) or holds(scene.pack, scene.text, "asks_privacy"):
        return None
    if not wishes.says_only(scene.pack, scene.text, "says_anonymous" if unnamed else "secrecy", "bare"):
        heard = replace(scene.heard, secrecy=True)
        return begin(replace(scene, heard=heard), "complaint", scene.text, scene.heard.ground)
    draft = Draft(kind="complaint", said=(scene.text,), facts={"confidential": "true"})
    draft = filing.anonymous(draft) if unnamed else draft
    told = SmallTalk(text=scene.say("anonymous_set" if unnamed else "confidential_set"))
    return steps.next_step(scene, draft, told)


def unclear(scene: Scene) -> Turn:
    """No intent can be told: an answer if there is one, else ask which way to go, never refuse silently."""
    finding, ground = scene.heard.finding, scene.heard.ground
    if finding.answered:
        return _consult(scene)
    if ground is not None and ground.sure:
        return grounds.refuse(scene, ground)
    if not scene.text:
        return scene.turn(scene.before, Clarify(text=scene.say("text_please")))
    return _added(scene) or _in_secret(scene) or _which_way(scene)


def _which_way(scene: Scene, *ways: str) -> Turn:
    last = scene.before.filed[-1].number if scene.before.filed else ""
    if last and not ways:
        return _after_filing(scene, last)
    talk = scene.before.idle_talk + 1
    after = replace(scene.before, unanswered=scene.text, idle_talk=talk)
    if talk >= IDLE_TALK:
        lost = SmallTalk(text=scene.say("not_understood"), options=scene.options("human", "complain"))
        return scene.turn(after, lost)
    options = scene.options(*(ways or ("file", "complain", "human")))
    return scene.turn(after, Clarify(text=scene.say("which_way"), options=options))


def _after_filing(scene: Scene, number: str) -> Turn:
    """Something more after a ticket: an addition to it or another matter; endless talk is led to its end."""
    talk = scene.before.idle_talk + 1
    after = replace(scene.before, unanswered=scene.text, idle_talk=talk)
    if talk >= IDLE_TALK:
        end = SmallTalk(
            text=scene.say("all_recorded", number=number), options=scene.options("add_last", "new_matter"),
            dissuades=OCCUPATION if talk > IDLE_TALK else "",
        )  # fmt: skip
        return scene.turn(after, end)
    options = scene.options("add_last", "new_matter", "human")
    return scene.turn(after, Clarify(text=scene.say("add_to_last", number=number), options=options))


BY_INTENT: Mapping[Intent, Callable[[Scene], Turn]] = {
    Intent.GREET: greet,
    Intent.THANKS: _thanks,
    Intent.CONSULT: _consult,
    Intent.PROGRESS: progress,
    Intent.HUMAN: steps.to_person,
    Intent.HELP: _demand,
    Intent.COMPLAIN: _demand,
    Intent.REPORT: _demand,
    Intent.SUGGEST: _demand,
    Intent.PRAISE: _demand,
}
