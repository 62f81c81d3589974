"""Decides what one message means for one conversation: pure, total, the heart of the system.

``decide`` answers every message in every state with a ``Turn``. The order of its questions is the
order of what matters: danger first, then the choice that was offered, then where the intake stands,
then what the words want.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from hotline import acts, filing, letters, matters, steps
from hotline.citypack import CityPack, PrivacyRule
from hotline.conversation import MOST_BROUGHT, Brought, Conversation, Draft, Held, Phase, Urgent
from hotline.corrections import Correction, corrected, correction_in, told_last
from hotline.message import InboundMessage
from hotline.redaction import valid_phone
from hotline.scene import CLEAR, Heard, Scene, Standing
from hotline.screening import Danger, NotAccepted
from hotline.steps import GROUND, MOST_ASKED, RELATED
from hotline.ticket import TicketIdentity
from hotline.turn import (
    MAX_DECISIONS,
    Answer,
    Clarify,
    Decision,
    EmergencyTransfer,
    HandOver,
    OpenTicket,
    Progress,
    Refusal,
    SmallTalk,
    Summary,
    Supplement,
    Turn,
    Urge,
)
from hotline.understanding import Intent
from hotline.wishes import WISHES, holds, number_in, says_only, wish_of, without_number

NEW_CONVERSATION = timedelta(hours=24)  #: after this long a silence a new one begins (DESIGN, Conversation)
SILENCE = timedelta(
    minutes=30
)  #: after this long a silence it is asked whether to go on (DESIGN, Conversation)
MOST_WAITING = 3  #: matters that wait for the one in hand
MOST_RUDE = 3  #: bare insults that are answered with more than the limit
IDLE_TALK = 3  #: messages that bring nothing, from which on the talk is led to its end (KF-3-1c)
SAME_DANGER = timedelta(hours=2)  #: within it the same danger is the same ticket (ALL-3)
LONGEST_PLACE = 30  #: characters; after a danger a message this short most likely says where
ASKED_LATELY = timedelta(minutes=10)  #: a danger that was asked about is not asked about again within it
BARE = 6  #: a demand this short may name no matter yet: "complaint" alone
NAMES_A_MATTER = 2  #: letters that are left of it without the words that only demand
LIKELY = 0.7  #: below it a guess that somebody asks after a ticket does not end the talk about a matter
GREETING_OPTIONS = ("complain", "ask", "progress", "human")
_SAID_OTHERWISE = ("solved", "unsolved")


def decide(
    pack: CityPack,
    conversation: Conversation,
    heard: Heard,
    *,
    fresh: Sequence[TicketIdentity],
    standings: Sequence[Standing] = (),
) -> Turn:
    """Return what to do about ``heard``; the same arguments always give the same turn."""
    before = _with_brought(_resumed(conversation, heard.message), heard.message)
    choice = _chosen(before, heard.message) or _meant(pack, before, heard.message)
    if before.doubt_open and not heard.message.option:
        choice = _ABOUT_DANGER.get(choice, choice)
    scene = Scene(pack=pack, before=before, heard=heard, fresh=fresh, standings=standings, choice=choice)
    turn = _decided(scene)
    if turn.conversation.idle_talk == before.idle_talk:  # this message was no more of the same
        turn = replace(turn, conversation=replace(turn.conversation, idle_talk=0))
    if not heard.message.letter or not pack.keeps_ledger(heard.message.channel):
        return turn
    return letters.entered(turn, filing.draft_of_letter(pack, heard), unused=fresh[0])


def asks_for_progress(pack: CityPack, conversation: Conversation, heard: Heard) -> bool:
    """Tell whether ``decide`` may look at where tickets stand: without that it needs no ``standings``."""
    if conversation.tickets and not conversation.letter:
        return True  # what is said may be about one of them, or repeat it
    progress = heard.understanding.intent.plainly is Intent.PROGRESS or heard.message.act is not None
    chosen = _chosen(conversation, heard.message) or _meant(pack, conversation, heard.message)
    return progress or chosen in ("progress", "urge")


def _decided(scene: Scene) -> Turn:
    danger, message = _sure_danger(scene), scene.heard.message
    if danger is not None:
        return _emergency(scene, danger)
    if message.letter:
        return letters.decide_letter(scene)
    if message.act is not None:
        return _with_doubt(scene, letters.decide_act(scene, message.act))
    if message.about:
        return _with_doubt(scene, letters.decide_addition(scene))
    if scene.choice == "danger_yes":
        return scene.turn(scene.before, Clarify(text=scene.say("danger_numbers")))
    return _with_doubt(scene, _in_phase(scene))


def _resumed(conversation: Conversation, message: InboundMessage) -> Conversation:
    last = conversation.last_at
    if last is None or conversation.letter or message.received_at - last < NEW_CONVERSATION:
        return conversation
    return Conversation(id=conversation.id, tickets=conversation.tickets, filed=conversation.filed)


def _with_brought(conversation: Conversation, message: InboundMessage) -> Conversation:
    """Remember what was sent along until a ticket takes it."""
    known = conversation.brought
    attachments = tuple(dict.fromkeys((*known.attachments, *message.attachments)))[-MOST_BROUGHT:]
    brought = Brought(attachments=attachments, location=message.location or known.location)
    return replace(conversation, brought=brought)


def _chosen(conversation: Conversation, message: InboundMessage) -> str:
    if message.option:
        return message.option
    said = _plain(message.text)
    offered = conversation.offered
    if message.numbered and said.isdecimal() and 0 < int(said) <= len(offered):
        return offered[int(said) - 1].id
    return next((option.id for option in offered if option.label == said), "")


def _meant(pack: CityPack, conversation: Conversation, message: InboundMessage) -> str:
    """Return the choice that words other than its label make, or the empty string."""
    said = _plain(message.text)
    offered = {option.id for option in conversation.offered}
    if conversation.doubt_open:
        return next((id for id in _ABOUT_DANGER if pack.words[f"option_{id}"] == said), "")
    for id in _SAID_OTHERWISE:
        if id in offered and said in pack.words[f"also_{id}"].split():
            return id
    ordinals = pack.words["ordinals"].split()
    if said in ordinals and ordinals.index(said) < len(conversation.offered):
        return conversation.offered[ordinals.index(said)].id
    # The page greets before anything was said, so these labels are known to whoever begins.
    labels = {pack.words[f"option_{id}"]: id for id in GREETING_OPTIONS}
    idle = conversation.phase is Phase.IDLE
    return labels.get(said, "") if idle else ""


def _plain(text: str) -> str:
    return text.strip().rstrip("\u3002.!\uff01 ")  # full stops and exclamation marks


# Danger


def _sure_danger(scene: Scene) -> Danger | None:
    if scene.heard.danger is not None and scene.heard.danger.sure:
        return scene.heard.danger
    if scene.before.doubted and (scene.choice == "danger_yes" or _affirms_danger(scene)):
        return filing.danger_of(scene.pack, scene.before.doubted, span=scene.before.doubted_text)
    return None


def _affirms_danger(scene: Scene) -> bool:
    # The question about it stands alone: a bare yes means it, also where a summary waits; its own label files.
    filing_it = _plain(scene.text) == scene.pack.words["option_confirm"]
    return scene.before.doubt_open and not scene.choice and not filing_it and scene.intent is Intent.AFFIRM


def _emergency(scene: Scene, danger: Danger) -> Turn:
    """The number to call first; then a ticket of the highest class, at once and said so."""
    place = (
        _known(scene).get("place")
        or scene.heard.understanding.value_of("place")
        or scene.heard.message.location
    )
    asks_place = not (scene.heard.message.letter or place)
    transfer = EmergencyTransfer(danger=danger, recorded=True, asks_place=asks_place)
    now = scene.heard.message.received_at
    confirmed = scene.heard.danger is None or not scene.heard.danger.sure
    said = (scene.before.doubted_text if confirmed else _told(scene.heard.message)) or danger.span
    conversation = replace(scene.before, doubted="", doubted_text="")
    urgent = conversation.urgent
    if urgent is not None and urgent.type == danger.type and now - urgent.at < SAME_DANGER:
        again = replace(conversation, urgent=replace(urgent, place_awaited=True), brought=Brought())
        added = Supplement(number=urgent.ticket, text=said, attachments=conversation.brought.attachments)
        return scene.turn(again, transfer, added)
    ticket = filing.urgent_ticket(
        scene.pack, scene.heard, identity=scene.fresh[0], danger=danger, said=said, known=_known(scene),
        brought=conversation.brought,
    )  # fmt: skip
    after = replace(
        conversation,
        tickets=(*conversation.tickets, ticket.number),
        brought=Brought(),
        urgent=Urgent(ticket=ticket.number, type=danger.type, at=now),
    )
    return scene.turn(after, transfer, OpenTicket(ticket=ticket))


def _known(scene: Scene) -> Mapping[str, str]:
    """What is known already about who asks and where: from the letter, else from the intake under way."""
    if scene.heard.message.letter:
        return filing.draft_of_letter(scene.pack, scene.heard).facts
    before = scene.before.letter.draft if scene.before.letter else scene.before.draft
    return before.facts if before else {}


def _told(message: InboundMessage) -> str:
    # A letter has fields of their own for who writes and where; its text is read by all who handle it.
    return message.demand if message.letter else message.screened.strip()


def _with_doubt(scene: Scene, turn: Turn) -> Turn:
    """Put the number and one question before the turn when danger is possible but not sure."""
    danger, now = scene.heard.danger, scene.heard.message.received_at
    if danger is None:
        return turn
    asked_at = scene.before.doubted_at if scene.before.doubted == danger.type else None
    if asked_at is not None and now - asked_at < ASKED_LATELY:
        return turn
    asked = Clarify(text=danger.ask, options=scene.options("danger_yes", "danger_no"), danger=danger)
    # One question at a time: what the intake asks comes once the danger is settled.
    told = tuple(d for d in turn.decisions if not isinstance(d, Clarify | Summary | SmallTalk))
    alone = scene.turn(turn.conversation, asked, *told[: MAX_DECISIONS - 1])
    after = replace(
        alone.conversation,
        doubted=danger.type,
        doubted_text=scene.heard.message.screened.strip(),
        doubted_at=now,
        doubt_open=True,
    )
    return replace(alone, conversation=after)


# Where the intake stands


def _in_phase(scene: Scene) -> Turn:
    if _tells_place_of_danger(scene):
        return _supplement_danger(scene)
    turn = _beside_danger(scene) or _after_silence(scene)
    if turn is not None:
        return turn
    if scene.before.doing is not None:
        turn = acts.gone_on(scene, scene.before.doing)
        if turn is not None:
            return turn
        scene = replace(scene, before=replace(scene.before, doing=None))
    if scene.choice in _CHOICES:
        return _CHOICES[scene.choice](scene)
    if not scene.text:
        return _without_words(scene)
    if not scene.choice:
        turn = _manners(scene) or _about_privacy(scene) or _about_tickets(scene)
        if turn is not None:
            return turn
    match scene.before.phase:
        case Phase.CONFIRMING:
            return _confirming(scene)
        case Phase.COLLECTING:
            return _collecting(scene)
        case Phase.IDLE:
            return _BY_INTENT.get(scene.intent, _unclear)(scene)


def _beside_danger(scene: Scene) -> Turn | None:
    """Take the answer to a danger in doubt that is not yes: no, or more about the matter, whose question was kept back."""
    if not scene.before.doubt_open or scene.choice:
        return None
    if scene.intent is Intent.DENY:
        return _danger_no(scene)
    if not scene.text or scene.before.phase is not Phase.COLLECTING or wish_of(scene, "rude", "impatient"):
        return None
    told = filing.answered(steps.pending_draft(scene), "what", scene.text, scene.heard, declined=False)
    return steps.next_step(scene, _unasked(told))


def _unasked(draft: Draft) -> Draft:
    """Return ``draft`` without the last question, which was kept back."""
    return replace(draft, asking="", asked=draft.asked[:-1])


# A long silence


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


def _after_silence(scene: Scene) -> Turn | None:
    """Ask after a long silence whether to go on, and take the answer; what was said meanwhile is not lost."""
    if not scene.before.paused:
        return _asks_to_go_on(scene) if _was_silent(scene) else None
    held = scene.before.held
    going = replace(scene, before=replace(scene.before, paused=False, held=None))
    goes_on = scene.choice == "go_on" or (not scene.choice and scene.intent is Intent.AFFIRM)
    if goes_on:
        return steps.pending_again(going, going.before) if held is None else _in_phase(_saying(going, held))
    if scene.choice == "start_over" or (
        not scene.choice and (scene.intent is Intent.DENY or _calls_off(scene))
    ):
        ended = replace(going, before=replace(going.before, phase=Phase.IDLE, draft=None))
        if held is None:
            return _cancel(going)
        turn = _in_phase(_saying(ended, held))
        dropped = SmallTalk(text=scene.say("cancelled"))
        return scene.turn(turn.conversation, dropped, *turn.decisions[: MAX_DECISIONS - 1])
    if held is not None and going.before.draft is not None:
        draft = filing.answered(going.before.draft, "", held.text, going.heard, declined=False)
        draft = replace(draft, asking=going.before.draft.asking)
        going = replace(going, before=replace(going.before, draft=draft))
    return _in_phase(replace(going, before=replace(going.before, last_at=None)))


def _saying(scene: Scene, held: Held) -> Scene:
    """Return the scene in which what was held back is said now."""
    message = replace(scene.heard.message, text=held.text, option=None)
    heard = replace(scene.heard, message=message, understanding=held.understanding, ground=None)
    return replace(scene, heard=heard, choice="", before=replace(scene.before, last_at=None))


# Impatience, insults, privacy, tickets


def _manners(scene: Scene) -> Turn | None:
    """Answer impatience and insults that hold nothing else, politely and without losing the matter."""
    wish = wish_of(scene, "rude", "impatient")
    if wish == "rude":
        rude = scene.before.rude + 1
        name = {1: "polite", 2: "polite_again"}.get(rude, "polite_limit")
        after = replace(scene.before, rude=rude)
        if rude >= MOST_RUDE:
            return scene.turn(after, SmallTalk(text=scene.say(name)))
        return steps.pending_again(scene, after, SmallTalk(text=scene.say(name)))
    if wish == "impatient" and scene.before.phase is not Phase.IDLE:
        return steps.pending_again(scene, scene.before, SmallTalk(text=scene.say("sorry_to_ask")))
    return None


def _about_privacy(scene: Scene) -> Turn | None:
    """Explain what the city promises where somebody asks about it; take anonymity at its word."""
    draft = scene.before.draft if scene.before.phase is not Phase.IDLE else None
    if draft is not None and wish_of(scene, "anonymous"):
        told = Clarify(text=scene.say("anonymous_set"))
        unknown = filing.anonymous(draft)
        if scene.before.phase is Phase.CONFIRMING:
            return steps.summarise(scene, unknown, told)
        if draft.asking in ("phone", "name"):
            return steps.next_step(scene, replace(unknown, asking=""), told)
        return steps.pending_again(scene, replace(scene.before, draft=unknown), told)
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


def _promise(scene: Scene, rule: PrivacyRule) -> str:
    law = rule.citation
    return scene.say("because", says=rule.says, instrument=law.instrument, article=law.article)


def _about_tickets(scene: Scene) -> Turn | None:
    """Do what short words wish about a ticket; a number alone asks where it stands."""
    draft = scene.before.draft
    if scene.before.phase is Phase.COLLECTING and draft is not None and draft.asking == "what":
        return None
    wish = wish_of(scene, *WISHES)
    if wish == "withdraw" and scene.before.phase is not Phase.IDLE:
        return None  # what is in hand is called off, not what was filed before
    if wish == "supplement" and scene.before.phase is Phase.CONFIRMING:
        return _add(scene)
    number = number_in(scene.text)
    if wish and (scene.standings or number):
        return acts.begun(scene, wish)
    if not number:
        return None
    mine = next((one for one in scene.standings if one.number == number), None)
    if mine is not None and len(without_number(scene.text)) <= BARE:
        return _shown(scene, mine)
    if number not in scene.before.tickets and len(without_number(scene.text)) <= LONGEST_PLACE:
        told = SmallTalk(text=scene.say("not_own_ticket", number=number))
        return steps.pending_again(scene, scene.before, told)
    return None


def _shown(scene: Scene, *standings: Standing) -> Turn:
    rows = [
        scene.say("progress_row", number=s.number, title=s.title, state=s.state) + s.due for s in standings
    ]
    last = standings[-1]
    return steps.pending_again(
        scene, scene.before, Progress(text="\n".join(rows), ticket=last.number, ways=_ways(last))
    )


def _tells_place_of_danger(scene: Scene) -> bool:
    urgent, message = scene.before.urgent, scene.heard.message
    if urgent is None or message.received_at - urgent.at >= SAME_DANGER or scene.choice:
        return False
    if not scene.text:
        return bool(message.location or message.attachments)
    if not urgent.place_awaited or scene.heard.ground is not None or scene.heard.finding.answered:
        return False
    place = scene.intent is Intent.INFORM or scene.heard.understanding.value_of("place")
    short = scene.intent in (Intent.OTHER, Intent.HELP) and len(scene.text) <= LONGEST_PLACE
    return bool(place or short)


def _supplement_danger(scene: Scene) -> Turn:
    urgent = scene.before.urgent
    if urgent is None:
        raise ValueError("no danger was reported here")
    location = scene.heard.message.location
    still = urgent.place_awaited and not (scene.text or location)
    after = replace(scene.before, urgent=replace(urgent, place_awaited=still), brought=Brought())
    place = scene.say("summary_place", value=filing.place_of(location)) if location else ""
    text = "\n".join(part for part in (scene.text, place) if part)
    added = Supplement(number=urgent.ticket, text=text, attachments=scene.before.brought.attachments)
    decisions: list[Decision] = [added]
    if after.phase is not Phase.IDLE and after.draft is not None:
        return steps.pending_again(scene, after, *decisions)
    return scene.turn(after, *decisions)


def _without_words(scene: Scene) -> Turn:
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
    return _text_please(scene)


def _text_please(scene: Scene) -> Turn:
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


def _confirming(scene: Scene) -> Turn:
    draft = steps.pending_draft(scene)
    if scene.intent is Intent.AFFIRM:
        return _confirm(scene)
    turn = _set_right(scene, draft) or _other_matter(scene)
    if turn is not None:
        return turn
    if scene.intent is Intent.DENY:
        return _cancel(scene) if _calls_off(scene) else _what_is_wrong(scene)
    if scene.intent is Intent.HUMAN:
        return _human(scene)
    if scene.intent is Intent.THANKS:
        return steps.pending_again(scene, scene.before, SmallTalk(text=scene.say("welcome")))
    if scene.intent is Intent.GREET or len(scene.text) == 1:
        return steps.pending_again(scene, scene.before)  # nothing that belongs into the matter
    if scene.intent is Intent.CONSULT and scene.heard.finding.answered:
        return steps.pending_again(scene, scene.before, Answer(hit=scene.heard.finding.hits[0]))
    return steps.summarise(scene, filing.corrected(draft, scene.text, scene.heard))


def _collecting(scene: Scene) -> Turn:
    draft = steps.pending_draft(scene)
    if scene.intent is Intent.HUMAN and not draft.callback:
        return _human(scene)
    if draft.asking == GROUND:
        return _about_ground(scene, draft)
    if draft.asking == RELATED:
        return _about_related(scene, draft)
    if _calls_off(scene) and draft.asking not in ("phone", "name"):
        return _cancel(scene)
    if scene.intent is Intent.CONSULT and draft.asking != "what" and scene.heard.finding.answered:
        return steps.pending_again(scene, scene.before, Answer(hit=scene.heard.finding.hits[0]))
    if scene.heard.ground is not None and scene.heard.ground.sure:
        return _refuse(scene, scene.heard.ground)
    if draft.asking != "what":
        turn = _set_right(scene, draft) or _other_matter(scene)
        if turn is not None:
            return turn
    return _take_answer(scene, draft)


def _set_right(scene: Scene, draft: Draft) -> Turn | None:
    """Take back or put right what was told before: a correction, a step back, a new beginning."""
    wish = wish_of(scene, "restart", "back", "skip")
    if wish == "restart":
        return _begun_again(scene, draft)
    if wish == "back":
        return _ask_anew(scene, draft, told_last(draft) or draft.asking)
    if wish == "skip" and scene.before.phase is Phase.COLLECTING:
        return _skip(scene)
    correction = correction_in(scene.pack, draft, scene.text, scene.heard.understanding)
    if correction is not None:
        return _corrected(scene, draft, correction)
    if (
        scene.before.phase is Phase.COLLECTING
        and says_only(scene.pack, scene.text, "fix_wrong")
        and told_last(draft)
    ):
        return _ask_anew(scene, draft, told_last(draft))
    return None


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


def _other_matter(scene: Scene) -> Turn | None:
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


def _about_related(scene: Scene, draft: Draft) -> Turn:
    if scene.intent is Intent.AFFIRM:
        return _same_urge(scene)
    if scene.intent is Intent.DENY:
        return _not_same(scene)
    told = filing.answered(draft, "what", scene.text, scene.heard, declined=False)
    return steps.next_step(scene, told)


def _same_urge(scene: Scene) -> Turn:
    return _same(scene)


def _same_add(scene: Scene) -> Turn:
    """What was said anew goes to the earlier ticket at once."""
    draft = scene.before.draft
    if draft is None or draft.asking != RELATED:
        return _nothing_pending(scene)
    ended = replace(scene.before, phase=Phase.IDLE, draft=None, brought=Brought())
    added = Supplement(
        number=draft.like, text="\n".join(draft.said), attachments=scene.before.brought.attachments
    )
    return steps.then_waiting(scene, ended, added)


def _same(scene: Scene) -> Turn:
    draft = scene.before.draft
    if draft is None or draft.asking != RELATED:
        return _nothing_pending(scene)
    standing = next((one for one in scene.standings if one.number == draft.like), None)
    if standing is None or standing.withdrawn or standing.closed:
        return _not_same(scene)
    ended = replace(scene.before, phase=Phase.IDLE, draft=None)
    # The words of the second telling go along: nothing that was said is lost.
    urged = Urge(number=draft.like, text="\n".join(draft.said), times=standing.urged + 1)
    return steps.then_waiting(scene, ended, urged)


def _not_same(scene: Scene) -> Turn:
    draft = scene.before.draft
    if draft is None or draft.asking != RELATED:
        return _nothing_pending(scene)
    return steps.next_step(scene, replace(draft, asking="", like=""))


def _calls_off(scene: Scene) -> bool:
    """Tell whether the words can only mean that nothing is to be filed."""
    return _plain(scene.text) in scene.pack.words["calls_off"].split()


def _what_is_wrong(scene: Scene) -> Turn:
    question = Clarify(text=scene.say("what_is_wrong"), options=scene.options("confirm", "cancel"))
    return scene.turn(scene.before, question)


def _about_ground(scene: Scene, draft: Draft) -> Turn:
    if scene.intent is Intent.AFFIRM:
        return _ground_yes(scene)
    if scene.intent is Intent.DENY or _declines(scene):
        return _ground_no(scene)
    # Neither yes nor no but more about it: doubt goes to the citizen (R-ALL-13).
    told = filing.answered(replace(draft, ground=""), "what", scene.text, scene.heard, declined=False)
    return steps.next_step(scene, told)


def _take_answer(scene: Scene, draft: Draft) -> Turn:
    field = draft.asking
    if field == "phone" and filing.phone_in(scene.text, scene.heard) is None and not _declines(scene):
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
    declined = _declines(scene) or (field == "name" and scene.intent is Intent.AFFIRM)
    return steps.next_step(scene, filing.answered(draft, field, scene.text, scene.heard, declined=declined))


def _told_beside(scene: Scene, draft: Draft) -> Draft | None:
    """Return the draft with a place told where a time was asked for, or a time for a place; the question stays."""
    told = {"time": "place", "place": "time"}.get(draft.asking, "")
    understood = scene.heard.understanding
    value = understood.value_of(told) if told and not understood.value_of(draft.asking) else ""
    if not value or scene.choice or len(scene.text) > len(value) + BARE:
        return None
    known = draft.facts.get(told, "")
    fact = scene.text if known in scene.text or len(scene.text) > len(known) else known
    facts = {**draft.facts, told: fact}
    return replace(draft, facts=facts, said=(*draft.said, scene.text), asking="")


def _demands(scene: Scene) -> bool:
    understood = scene.heard.understanding
    if len(scene.text) <= BARE:
        return False  # as short as a name
    clear = understood.intent in filing.KIND_OF and understood.confidence >= CLEAR
    return clear and not scene.choice and not understood.value_of("name")


def _is_vague_place(scene: Scene) -> bool:
    return _plain(scene.text) in scene.pack.words["vague_places"].split() and not scene.heard.message.location


def _declines(scene: Scene) -> bool:
    told = _plain(scene.text) in scene.pack.words["declines"].split()
    return told or scene.choice == "skip" or scene.intent is Intent.DENY


# Choices that were offered


def _confirm(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.CONFIRMING:
        return _nothing_pending(scene)
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


def _cancel(scene: Scene) -> Turn:
    if scene.before.phase is Phase.IDLE:
        return _nothing_pending(scene)
    after = replace(scene.before, phase=Phase.IDLE, draft=None)
    options = () if after.waiting else scene.options("complain", "human")
    return steps.then_waiting(scene, after, SmallTalk(text=scene.say("cancelled"), options=options))


def _add(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.CONFIRMING:
        return _nothing_pending(scene)
    draft = filing.edited(steps.pending_draft(scene), scene.heard.message.fields)
    after = replace(scene.before, phase=Phase.CONFIRMING, draft=draft)
    return scene.turn(after, Clarify(text=scene.say("say_more")))


def _skip(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.COLLECTING:
        return _nothing_pending(scene)
    draft = steps.pending_draft(scene)
    if draft.asking in (GROUND, RELATED):
        return _ground_no(scene) if draft.asking == GROUND else _not_same(scene)
    return steps.next_step(scene, filing.answered(draft, draft.asking, "", scene.heard, declined=True))


def _nothing_pending(scene: Scene) -> Turn:
    return scene.turn(
        scene.before,
        SmallTalk(text=scene.say("nothing_pending"), options=scene.options(*GREETING_OPTIONS)),
    )


def _human(scene: Scene) -> Turn:
    """A person takes over, with everything said so far; only a way to call back is asked for."""
    before = scene.before
    draft = before.draft or Draft(kind="other", said=())
    said = draft.said or tuple(filter(None, (before.refused or before.unanswered,)))
    words = (*said, scene.text) if scene.text and not scene.choice else said
    facts = {"what": "\n".join(words) or scene.say("wants_person")} | dict(draft.facts)
    return steps.next_step(scene, replace(draft, said=words, facts=facts, callback=True, asking=""))


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
    return scene.turn(after, SmallTalk(text=scene.say("glad")))


def _unsolved(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.IDLE:
        return steps.pending_again(scene, scene.before, SmallTalk(text=scene.say("first_this")))
    return scene.turn(
        scene.before, Clarify(text=scene.say("not_solved"), options=scene.options("file", "human"))
    )


def _review(scene: Scene) -> Turn:
    return _human(scene) if scene.before.refused else _nothing_pending(scene)


def _more(scene: Scene) -> Turn:
    """More about what was refused goes to a person together with it."""
    draft = scene.before.draft
    if scene.before.phase is not Phase.IDLE or draft is None:
        return scene.turn(scene.before, Clarify(text=scene.say("say_more")))
    asking = replace(draft, callback=True, asking="what")
    after = replace(scene.before, phase=Phase.COLLECTING, draft=asking)
    return scene.turn(after, Clarify(text=scene.say("say_more")))


def _complain(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.IDLE:
        return steps.pending_again(scene, scene.before)
    # Chosen under a message that was not understood, it means that message: nobody says it twice.
    about_last = any(option.id == "file" for option in scene.before.offered)
    return _begin(scene, "complaint", scene.before.unanswered if about_last else "")


def _ask(scene: Scene) -> Turn:
    return scene.turn(scene.before, Clarify(text=scene.say("ask_away")))


def _ground_yes(scene: Scene) -> Turn:
    draft = steps.pending_draft(scene) if scene.before.draft else None
    ground = filing.ground_of(scene.pack, draft.ground) if draft and draft.ground else None
    if draft is None or ground is None:
        return _nothing_pending(scene)
    return _refuse(scene, ground)


def _ground_no(scene: Scene) -> Turn:
    if scene.before.draft is None:
        return _nothing_pending(scene)
    return steps.next_step(scene, replace(scene.before.draft, ground="", asking=""))


def _danger_no(scene: Scene) -> Turn:
    after = replace(scene.before, doubted="", doubted_text="")
    told = SmallTalk(text=scene.say("no_danger"))
    draft = after.draft
    if after.phase is Phase.COLLECTING and draft is not None and draft.asked and scene.before.doubt_open:
        after = replace(after, draft=replace(draft, asked=draft.asked[:-1]))  # it was kept back till now
    if after.phase is Phase.IDLE and after.unanswered and scene.before.doubt_open:
        way = Clarify(text=scene.say("which_way"), options=scene.options("file", "complain", "human"))
        return scene.turn(after, told, way)
    return steps.pending_again(scene, after, told)


# What the words want


def _greet(scene: Scene) -> Turn:
    name = "greeting_again" if scene.before.tickets else "greeting"
    return scene.turn(scene.before, SmallTalk(text=scene.say(name), options=scene.options(*GREETING_OPTIONS)))


def _thanks(scene: Scene) -> Turn:
    return scene.turn(scene.before, SmallTalk(text=scene.say("welcome")))


def _progress(scene: Scene) -> Turn:
    if scene.heard.finding.answered and scene.heard.understanding.confidence < CLEAR and not scene.choice:
        return _consult(scene)  # "how long does an answer take" asks about the rules, not about a ticket
    if not scene.standings and not scene.choice:
        if scene.heard.ground is not None and scene.heard.ground.sure:
            return _refuse(scene, scene.heard.ground)  # "when will the court decide" is no ticket of ours
        if scene.heard.understanding.confidence < LIKELY:
            return _which_way(scene, "file", "complain", "progress", "human")
    if not scene.standings:
        text = scene.say("progress_elsewhere")
        return steps.pending_again(scene, scene.before, Progress(text=text))
    if holds(scene.pack, scene.text, "says_urge") and not scene.choice and scene.before.phase is Phase.IDLE:
        return acts.begun(scene, "urge")
    return _shown(scene, *scene.standings)


def _ways(standing: Standing) -> tuple[str, ...]:
    """Return what a citizen can do about a ticket as it stands."""
    if standing.withdrawn:
        return ()
    if standing.closed:
        return ("supplement", "rate")
    return ("urge", "supplement", "rate" if standing.answered else "withdraw")


def _urge(scene: Scene) -> Turn:
    return acts.begun(scene, "urge") if scene.standings else _progress(scene)


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
        return _nothing_pending(scene)
    after = replace(before, unanswered="", brought=Brought())
    added = Supplement(
        number=before.filed[-1].number, text=before.unanswered, attachments=before.brought.attachments
    )
    return scene.turn(after, added)


def _new_matter(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.IDLE or not scene.before.unanswered:
        return _nothing_pending(scene)
    return _begin(scene, "complaint", scene.before.unanswered)


def _consult(scene: Scene) -> Turn:
    finding = scene.heard.finding
    if finding.answered:
        after = replace(scene.before, unanswered=scene.text)
        return scene.turn(after, Answer(hit=finding.hits[0]))
    if scene.heard.ground is not None and scene.heard.ground.sure:
        return _refuse(scene, scene.heard.ground)
    if _is_bare(scene, scene.text):
        return _ask(scene)
    if scene.heard.understanding.confidence < CLEAR:
        return _which_way(scene)
    after = replace(scene.before, unanswered=scene.text)
    question = Clarify(text=scene.say("not_found"), options=scene.options("file", "human"))
    return scene.turn(after, question)


def _demand(scene: Scene) -> Turn:
    ground = scene.heard.ground
    if ground is not None and ground.sure:
        return _refuse(scene, ground)
    return _begin(scene, filing.KIND_OF[scene.intent], scene.text, ground)


def _begin(scene: Scene, kind: str, text: str, ground: NotAccepted | None = None) -> Turn:
    draft = filing.draft_of(kind, "" if _is_bare(scene, text) else text, scene.heard)
    if ground is None or not draft.said:
        return _first_step(scene, draft)
    if filing.is_vagueness(scene.pack, ground.rule):
        # Nothing to say yes or no to: it is asked what the matter is, and never refused by itself.
        after = replace(scene.before, phase=Phase.COLLECTING, draft=replace(draft, asking="what"))
        return scene.turn(after, Clarify(text=ground.ask))
    doubted = replace(draft, ground=ground.rule, asking=GROUND, asked=(GROUND,))
    question = Clarify(text=ground.ask, options=scene.options("ground_yes", "ground_no"))
    return scene.turn(replace(scene.before, phase=Phase.COLLECTING, draft=doubted), question)


def _first_step(scene: Scene, draft: Draft) -> Turn:
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


def _is_bare(scene: Scene, text: str) -> bool:
    """Tell whether ``text`` only says that something is wanted, not what."""
    if len(text) > BARE:
        return False
    for word in sorted(scene.pack.words["bare"].split(), key=len, reverse=True):
        text = text.replace(word, "")
    return sum(letter.isalnum() for letter in text) < NAMES_A_MATTER


def _refuse(scene: Scene, ground: NotAccepted) -> Turn:
    """Say no with article, reason and route; all that was said stays for the person who looks again."""
    draft = scene.before.draft if scene.before.phase is not Phase.IDLE else None
    said = (*(draft.said if draft else ()), *((scene.text,) if scene.text and not scene.choice else ()))
    kept = replace(
        draft or Draft(kind="other", said=()),
        said=said,
        facts={**(draft.facts if draft else {}), "what": "\n".join(said)},
        asking="",
        ground="",
    )
    after = replace(scene.before, phase=Phase.IDLE, draft=kept, refused=kept.facts["what"])
    return scene.turn(after, Refusal(ground=ground))


def _unclear(scene: Scene) -> Turn:
    """No intent can be told: an answer if there is one, else ask which way to go, never refuse silently."""
    finding, ground = scene.heard.finding, scene.heard.ground
    if finding.answered:
        return _consult(scene)
    if ground is not None and ground.sure:
        return _refuse(scene, ground)
    if not scene.text:
        return scene.turn(scene.before, Clarify(text=scene.say("text_please")))
    return _which_way(scene)


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
            text=scene.say("all_recorded", number=number), options=scene.options("add_last", "new_matter")
        )
        return scene.turn(after, end)
    options = scene.options("add_last", "new_matter", "human")
    return scene.turn(after, Clarify(text=scene.say("add_to_last", number=number), options=options))


#: While a danger is asked about, bare words answer that question and no other one.
_ABOUT_DANGER: Mapping[str, str] = {"ground_yes": "danger_yes", "ground_no": "danger_no"}

_CHOICES: Mapping[str, Callable[[Scene], Turn]] = {
    "confirm": _confirm,
    "cancel": _cancel,
    "add": _add,
    "skip": _skip,
    "human": _human,
    "file": _file,
    "solved": _solved,
    "unsolved": _unsolved,
    "review": _review,
    "more": _more,
    "complain": _complain,
    "ask": _ask,
    "progress": _progress,
    "urge": _urge,
    "supplement": _supplement,
    "withdraw": _withdraw,
    "rate": _rate,
    "same_urge": _same_urge,
    "same_add": _same_add,
    "not_same": _not_same,
    "add_last": _add_last,
    "new_matter": _new_matter,
    "ground_yes": _ground_yes,
    "ground_no": _ground_no,
    "danger_no": _danger_no,
    "greet": _greet,
    "unreadable": _text_please,
}

_BY_INTENT: Mapping[Intent, Callable[[Scene], Turn]] = {
    Intent.GREET: _greet,
    Intent.THANKS: _thanks,
    Intent.CONSULT: _consult,
    Intent.PROGRESS: _progress,
    Intent.HUMAN: _human,
    Intent.HELP: _demand,
    Intent.COMPLAIN: _demand,
    Intent.REPORT: _demand,
    Intent.SUGGEST: _demand,
    Intent.PRAISE: _demand,
}


def handed_over(
    pack: CityPack, conversation: Conversation, heard: Heard, *, identity: TicketIdentity
) -> Turn:
    """Return the turn that gives everything said so far to a person, when no decision could be made."""
    message = heard.message
    letter, about = conversation.letter, letters.reopened_by(message, conversation)
    if about is not None:
        letter, identity = replace(about, outcome="ticket"), about.identity
    text = _told(message) or pack.say("wants_person")
    before = (about.draft if about else conversation.draft) or Draft(kind="other", said=())
    said = (*before.said, text)
    form = {name: value for name, value in message.fields if message.letter and name != "kind"}
    facts = {**before.facts, **form, "what": "\n".join(said)}
    draft = Draft(kind="other", said=said, facts=facts, callback=True)
    brought = _with_brought(conversation, message).brought
    ticket = filing.ticket(pack, heard, draft, identity=identity, brought=brought)
    after = replace(
        Conversation(id=conversation.id),
        tickets=(*conversation.tickets, ticket.number),
        urgent=conversation.urgent,
        letter=letter,
        last_at=message.received_at,
    )
    first: tuple[Decision, ...] = ()
    if heard.danger is not None:
        # In doubt too: whoever reads this late must not be the only one who knows.
        first = (EmergencyTransfer(danger=heard.danger, recorded=True),)
    turn = Turn(decisions=(*first, HandOver(ticket=ticket)), conversation=after)
    if message.letter and pack.keeps_ledger(message.channel):
        return letters.entered(turn, draft, unused=identity)
    return turn
