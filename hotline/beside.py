"""What is said beside the matter: impatience, insults, privacy, earlier tickets, and what is sent without words."""

from collections.abc import Callable
from dataclasses import replace

from hotline import acts, confirming, dangers, filing, links, steps, wishes
from hotline.citation import Citation
from hotline.citypack import PrivacyRule
from hotline.conversation import MOST_BROUGHT, Draft, Phase
from hotline.scene import Scene
from hotline.turn import Clarify, SmallTalk, Turn
from hotline.understanding import Intent
from hotline.wishes import LONGEST, WISHES, holds, number_in, says_only, wish_of, without_number

FACTS = ("phone", "name", "place", "time")  #: that somebody may wonder about by name
HARASSMENT = "harassment"  #: id of the misconduct that insults are, where a city's text has it recorded
MOST_RUDE = 3  #: bare insults that are answered with more than the limit


def manners(scene: Scene) -> Turn | None:
    """Answer impatience and insults that hold nothing else, politely and without losing the matter."""
    wish = wish_of(scene, "rude", "impatient")
    if wish == "rude":
        rude = scene.before.rude + 1
        name = {1: "polite", 2: "polite_again"}.get(rude, "polite_limit")
        after = replace(scene.before, rude=rude)
        told = SmallTalk(text=scene.say(name), dissuades=HARASSMENT if rude > 1 else "")
        return scene.turn(after, told) if rude >= MOST_RUDE else steps.pending_again(scene, after, told)
    if wish == "impatient" and scene.before.phase is not Phase.IDLE:
        return steps.pending_again(scene, scene.before, SmallTalk(text=scene.say("sorry_to_ask")))
    return None


def about_privacy(scene: Scene) -> Turn | None:
    """Take anonymity and secrecy at their word; explain what the city promises where somebody asks about it."""
    draft = scene.before.draft if scene.before.phase is not Phase.IDLE else None
    if draft is not None:
        turn = _kept_from_others(scene, draft)
        if turn is not None:
            return turn
    if not holds(scene.pack, scene.text, "asks_privacy") or (draft is not None and draft.asking == "what"):
        return None
    if scene.before.phase is Phase.IDLE and scene.heard.finding.answered:
        return None
    about = "whistle_blower" if draft is not None and draft.kind == "report" else "confidential"
    rules = [rule for rule in scene.pack.privacy if rule.about in (about, "anonymous")]
    if not rules:
        return None
    text = "\n".join(_promise(scene, rule) for rule in rules)
    return steps.pending_again(scene, scene.before, SmallTalk(text=text))


def _kept_from_others(scene: Scene, draft: Draft) -> Turn | None:
    """Do what a message asks that only asks to stay unknown, or that nobody is told."""
    if wish_of(scene, "anonymous") or _only_wants(scene, draft, Intent.ANONYMOUS):
        return _with_secrecy(scene, filing.anonymous(draft), "anonymous_set")
    secret = _only_wants(scene, draft, Intent.CONFIDENTIAL) or (
        draft.asking != "what" and says_only(scene.pack, scene.text, "secrecy")
    )
    if not secret or holds(scene.pack, scene.text, "secrecy_not"):
        return None
    kept = replace(draft, facts={**draft.facts, "confidential": "true"})
    return _with_secrecy(scene, kept, "confidential_set")


def _only_wants(scene: Scene, draft: Draft, intent: Intent) -> bool:
    """Tell whether the words clearly want ``intent``, and tell no fact of the matter besides."""
    told = any(scene.heard.understanding.value_of(name) for name in ("place", "time", "phone"))
    short = len(scene.text) <= LONGEST and not told and draft.asking != "what"
    asks = holds(scene.pack, scene.text, "asks_privacy") or scene.text.endswith(("?", "\uff1f"))
    return short and not asks and scene.clearly(intent)


def _with_secrecy(scene: Scene, draft: Draft, told: str) -> Turn:
    done = Clarify(text=scene.say(told))
    if scene.before.phase is Phase.CONFIRMING:
        return steps.summarise(scene, draft, done)
    if draft.asking in ("phone", "name") and draft.asking in draft.facts:
        return steps.next_step(scene, replace(draft, asking=""), done)
    return steps.pending_again(scene, replace(scene.before, draft=draft), done)


def why_asked(scene: Scene) -> Turn | None:
    """Say what a fact is asked for, with the article that asks for it where there is one; then ask again what is open."""
    draft = scene.before.draft
    if scene.before.phase is not Phase.COLLECTING or draft is None or draft.asking == "what":
        return None  # that answer may hold any words
    if not says_only(scene.pack, scene.text, "asks_why", "asks_about"):
        return None
    named = next((name for name in FACTS if holds(scene.pack, scene.text, f"fix_{name}")), draft.asking)
    asked = next((q for q in filing.questions(scene.pack, draft) if q.field == named), None)
    if asked is not None and asked.citation is not None:
        told = _because(scene, asked.why, asked.citation)
    else:
        told = scene.say("why_in_general")
    return steps.pending_again(scene, scene.before, SmallTalk(text=told))


def _promise(scene: Scene, rule: PrivacyRule) -> str:
    return _because(scene, rule.says, rule.citation)


def _because(scene: Scene, says: str, law: Citation) -> str:
    return scene.say("because", says=says, instrument=law.instrument, article=law.article)


def about_tickets(scene: Scene) -> Turn | None:
    """Do what short words wish about a ticket; a number alone asks where it stands."""
    draft = scene.before.draft
    if scene.before.phase is Phase.COLLECTING and draft is not None and draft.asking == "what":
        return None
    wish = wish_of(scene, *WISHES)
    if wish == "withdraw" and scene.before.phase is not Phase.IDLE:
        return None  # what is in hand is called off, not what was filed before
    if wish == "supplement" and scene.before.phase is Phase.CONFIRMING:
        return confirming.add(scene)
    number = number_in(scene.text)
    if wish and (scene.standings or number):
        return acts.begun(scene, wish)
    if not number:
        return None
    mine = next((one for one in scene.standings if one.number == number), None)
    if mine is not None and len(without_number(scene.text)) <= wishes.BARE:
        return acts.shown(scene, mine)
    if number not in scene.before.tickets and len(without_number(scene.text)) <= dangers.LONGEST_PLACE:
        told = SmallTalk(text=scene.say("not_own_ticket", number=number))
        return steps.pending_again(scene, scene.before, told)
    return None


def shared_link(scene: Scene) -> Turn | None:
    """Take a page that was passed on along with the matter: as its place where that is asked for, never as a fact else."""
    if not links.is_shared(scene.text):
        return None
    before, words = scene.before, links.without_links(scene.text)
    kept = (*before.brought.links, scene.text)[-MOST_BROUGHT:]
    after = replace(before, brought=replace(before.brought, links=kept))
    if before.phase is Phase.IDLE or before.draft is None:
        return scene.turn(after, Clarify(text=scene.say("link_first")))
    told = SmallTalk(text=scene.say("link_kept"))
    if before.draft.asking == "place" and words:
        place = words[: filing.LONGEST_FACT]
        draft = replace(before.draft, facts={**before.draft.facts, "place": place}, asking="")
        return steps.next_step(replace(scene, before=after), draft, told)
    return steps.pending_again(scene, after, told)


def without_words(scene: Scene) -> Turn:
    """A photo, a place, a tap on something old: taken along, and the intake goes on where it stood."""
    message, draft = scene.heard.message, scene.before.draft
    idle = scene.before.phase is Phase.IDLE or draft is None
    if message.fields and draft is not None and scene.before.phase is Phase.CONFIRMING:
        return steps.summarise(scene, filing.edited(draft, message.fields))
    if message.location is not None and not idle and draft is not None:
        return _with_place(scene, draft)
    if message.attachments:
        said = scene.say("attachment_first" if idle else "attachment_kept")
        return scene.turn(scene.before, Clarify(text=said)) if idle else steps.pending_again(
            scene, scene.before, SmallTalk(text=said)
        )  # fmt: skip
    return text_please(scene)


def text_please(scene: Scene) -> Turn:
    """Ask for words where none came."""
    return steps.pending_again(scene, scene.before, Clarify(text=scene.say("text_please")))


def _with_place(scene: Scene, draft: Draft) -> Turn:
    asking = draft.asking
    told = filing.answered(draft, "place", "", scene.heard, declined=False)
    if scene.before.phase is Phase.CONFIRMING:
        return steps.summarise(scene, told)
    if asking in ("", "place"):
        return steps.next_step(scene, told)
    after = replace(scene.before, draft=replace(told, asking=asking))
    return steps.pending_again(scene, after, SmallTalk(text=scene.say("place_kept")))


#: what is looked for before the message counts as said in the matter, in this order
ASIDES: tuple[Callable[[Scene], Turn | None], ...] = (
    shared_link, manners, why_asked, about_privacy, about_tickets,
)  # fmt: skip
