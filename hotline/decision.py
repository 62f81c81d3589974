"""Decides what one message means for one conversation: pure, total, the heart of the system.

``decide`` answers every message in every state with a ``Turn``. The order of its questions is the
order of what matters: danger first, then the choice that was offered, then where the intake stands,
then what the words want.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from hotline import filing, letters
from hotline.citypack import CityPack, Question
from hotline.conversation import MOST_BROUGHT, Brought, Conversation, Draft, Option, Phase, Urgent
from hotline.message import InboundMessage
from hotline.redaction import valid_phone
from hotline.scene import CLEAR, Heard, Scene, Standing
from hotline.screening import Danger, NotAccepted
from hotline.ticket import Ticket, TicketIdentity
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
    SummaryField,
    Supplement,
    Turn,
    Urge,
)
from hotline.understanding import Intent

NEW_CONVERSATION = timedelta(hours=24)  #: after this long a silence a new one begins (DESIGN, Conversation)
SAME_DANGER = timedelta(hours=2)  #: within it the same danger is the same ticket (ALL-3)
LONGEST_PLACE = 30  #: characters; after a danger a message this short most likely says where
ASKED_LATELY = timedelta(minutes=10)  #: a danger that was asked about is not asked about again within it
GROUND = "ground"  #: what a draft is asking while it is open whether a ground of refusal holds
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
    if not heard.message.letter or not pack.keeps_ledger(heard.message.channel):
        return turn
    return letters.entered(turn, filing.draft_of_letter(pack, heard), unused=fresh[0])


def asks_for_progress(pack: CityPack, conversation: Conversation, heard: Heard) -> bool:
    """Tell whether ``decide`` may look at where tickets stand: without that it needs no ``standings``."""
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
    return Conversation(id=conversation.id, tickets=conversation.tickets)


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
    for id in _SAID_OTHERWISE:
        if id in offered and said in pack.words[f"also_{id}"].split():
            return id
    # The page greets before anything was said, so these labels are known to whoever begins.
    labels = {pack.words[f"option_{id}"]: id for id in GREETING_OPTIONS}
    idle = conversation.phase is Phase.IDLE and not conversation.doubt_open
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
    # In a summary "yes" means "file it"; the danger has a button of its own there.
    asked = scene.before.doubt_open and scene.before.phase is not Phase.CONFIRMING
    return asked and not scene.choice and scene.intent is Intent.AFFIRM


def _emergency(scene: Scene, danger: Danger) -> Turn:
    """The number to call first; then a ticket of the highest class, at once and said so."""
    transfer = EmergencyTransfer(danger=danger, recorded=True)
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
    after = replace(
        turn.conversation,
        doubted=danger.type,
        doubted_text=scene.heard.message.screened.strip(),
        doubted_at=now,
        doubt_open=True,
        offered=(*asked.options, *turn.conversation.offered),
    )
    # One yes-or-no question at a time: a ground is asked about once the danger is settled.
    draft = turn.conversation.draft
    rest = () if draft is not None and draft.asking == GROUND else turn.decisions[: MAX_DECISIONS - 1]
    return Turn(decisions=(asked, *rest), conversation=after)


# Where the intake stands


def _in_phase(scene: Scene) -> Turn:
    if _tells_place_of_danger(scene):
        return _supplement_danger(scene)
    if scene.before.doubt_open and scene.intent is Intent.DENY and not scene.choice:
        return _danger_no(scene)
    if scene.choice in _CHOICES:
        return _CHOICES[scene.choice](scene)
    if not scene.text:
        return _without_words(scene)
    match scene.before.phase:
        case Phase.CONFIRMING:
            return _confirming(scene)
        case Phase.COLLECTING:
            return _collecting(scene)
        case Phase.IDLE:
            return _BY_INTENT.get(scene.intent, _unclear)(scene)


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
        return _pending_again(scene, after, *decisions)
    return scene.turn(after, *decisions)


def _pending_again(scene: Scene, conversation: Conversation, *before: Decision) -> Turn:
    """Say ``before``, then ask again what the intake was waiting for."""
    draft = conversation.draft
    if draft is None or conversation.phase is Phase.IDLE:
        return scene.turn(conversation, *before)
    if conversation.phase is Phase.CONFIRMING:
        return scene.turn(conversation, *before, _summary(scene, draft))
    ground = filing.ground_of(scene.pack, draft.ground) if draft.asking == GROUND else None
    if ground is not None:
        asked = Clarify(text=ground.ask, options=scene.options("ground_yes", "ground_no"))
        return scene.turn(conversation, *before, asked)
    question = next((q for q in filing.questions(scene.pack, draft) if q.field == draft.asking), None)
    if question is None:
        return scene.turn(conversation, *before)
    return scene.turn(conversation, *before, _asked(scene, question))


def _without_words(scene: Scene) -> Turn:
    """A photo, a place, a tap on something old: taken along, and the intake goes on where it stood."""
    message, draft = scene.heard.message, scene.before.draft
    idle = scene.before.phase is Phase.IDLE or draft is None
    if message.fields and draft is not None and scene.before.phase is Phase.CONFIRMING:
        return _summarise(scene, filing.edited(draft, message.fields))
    if message.location is not None and not idle and draft is not None:
        return _with_place(scene, draft)
    if message.attachments:
        said = scene.say("attachment_first" if idle else "attachment_kept")
        return scene.turn(scene.before, Clarify(text=said)) if idle else _pending_again(
            scene, scene.before, SmallTalk(text=said)
        )  # fmt: skip
    return _text_please(scene)


def _text_please(scene: Scene) -> Turn:
    return _pending_again(scene, scene.before, Clarify(text=scene.say("text_please")))


def _with_place(scene: Scene, draft: Draft) -> Turn:
    asking = draft.asking
    told = filing.answered(draft, "place", "", scene.heard, declined=False)
    if scene.before.phase is Phase.CONFIRMING:
        return _summarise(scene, told)
    if asking in ("", "place"):
        return _next_step(scene, told)
    after = replace(scene.before, draft=replace(told, asking=asking))
    return _pending_again(scene, after, SmallTalk(text=scene.say("place_kept")))


def _confirming(scene: Scene) -> Turn:
    draft = _draft(scene)
    if scene.intent is Intent.AFFIRM:
        return _confirm(scene)
    if scene.intent is Intent.DENY:
        return _cancel(scene) if _calls_off(scene) else _what_is_wrong(scene)
    if scene.intent is Intent.HUMAN:
        return _human(scene)
    if scene.intent is Intent.THANKS:
        return _pending_again(scene, scene.before, SmallTalk(text=scene.say("welcome")))
    if scene.intent is Intent.GREET or len(scene.text) == 1:
        return _pending_again(scene, scene.before)  # nothing that belongs into the matter
    if scene.intent is Intent.CONSULT and scene.heard.finding.answered:
        return _pending_again(scene, scene.before, Answer(hit=scene.heard.finding.hits[0]))
    return _summarise(scene, filing.corrected(draft, scene.text, scene.heard))


def _collecting(scene: Scene) -> Turn:
    draft = _draft(scene)
    if scene.intent is Intent.HUMAN and not draft.callback:
        return _human(scene)
    if draft.asking == GROUND:
        return _about_ground(scene, draft)
    if _calls_off(scene) and draft.asking not in ("phone", "name"):
        return _cancel(scene)
    if scene.intent is Intent.CONSULT and draft.asking != "what" and scene.heard.finding.answered:
        return _pending_again(scene, scene.before, Answer(hit=scene.heard.finding.hits[0]))
    if scene.heard.ground is not None and scene.heard.ground.sure:
        return _refuse(scene, scene.heard.ground)
    return _take_answer(scene, draft)


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
    return _next_step(scene, told)


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
                Clarify(text=question.ask_again, options=_question_options(scene, question)),
            )
        return _next_step(scene, filing.answered(draft, "phone", "", scene.heard, declined=True))
    phone = valid_phone(scene.text)
    if field in ("place", "time", "name") and phone is not None:
        # A number is no place, time or name; the question is put once more, then left.
        passed = {field: ""} if draft.asked.count(field) > 1 else {}
        return _next_step(scene, replace(draft, facts={**draft.facts, "phone": phone, **passed}, asking=""))
    declined = _declines(scene) or (field == "name" and scene.intent is Intent.AFFIRM)
    return _next_step(scene, filing.answered(draft, field, scene.text, scene.heard, declined=declined))


def _declines(scene: Scene) -> bool:
    told = _plain(scene.text) in scene.pack.words["declines"].split()
    return told or scene.choice == "skip" or scene.intent is Intent.DENY


def _next_step(scene: Scene, draft: Draft) -> Turn:
    question = filing.next_question(scene.pack, draft)
    if question is not None:
        asking = replace(draft, asking=question.field, asked=(*draft.asked, question.field))
        after = replace(scene.before, phase=Phase.COLLECTING, draft=asking)
        return scene.turn(after, _asked(scene, question))
    if draft.callback:
        return _hand_over(scene, draft)
    return _summarise(scene, draft)


def _asked(scene: Scene, question: Question) -> Clarify:
    return Clarify(text=question.ask, options=_question_options(scene, question))


def _question_options(scene: Scene, question: Question) -> tuple[Option, ...]:
    given = tuple(Option(id=f"value_{i}", label=label) for i, label in enumerate(question.options))
    return given + (scene.options("skip") if question.optional else ())


def _summarise(scene: Scene, draft: Draft) -> Turn:
    after = replace(scene.before, phase=Phase.CONFIRMING, draft=replace(draft, asking=""))
    return scene.turn(after, _summary(scene, draft))


def _summary(scene: Scene, draft: Draft) -> Summary:
    rows = filing.summary_rows(scene.pack, draft)
    return Summary(
        fields=tuple(SummaryField(name=name, label=label, value=value) for name, label, value in rows)
    )


def _draft(scene: Scene) -> Draft:
    if scene.before.draft is None:
        raise ValueError(f"phase {scene.before.phase} without a draft")
    return scene.before.draft


# Choices that were offered


def _confirm(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.CONFIRMING:
        return _nothing_pending(scene)
    draft = filing.edited(_draft(scene), scene.heard.message.fields)
    phone = draft.facts.get("phone", "")
    if phone and valid_phone(phone) is None:
        question = filing.question(scene.pack, draft, "phone")
        after = replace(scene.before, draft=draft)
        return scene.turn(after, Clarify(text=question.ask_again), _summary(scene, draft))
    if not draft.facts.get("what", "").strip():
        question = filing.question(scene.pack, draft, "what")
        return scene.turn(
            replace(scene.before, draft=draft), Clarify(text=question.ask), _summary(scene, draft)
        )
    ticket = _ticket(scene, draft)
    return scene.turn(scene.filed(ticket.number), OpenTicket(ticket=ticket))


def _ticket(scene: Scene, draft: Draft) -> Ticket:
    return filing.ticket(
        scene.pack, scene.heard, draft, identity=scene.fresh[0], brought=scene.before.brought
    )


def _cancel(scene: Scene) -> Turn:
    if scene.before.phase is Phase.IDLE:
        return _nothing_pending(scene)
    after = replace(scene.before, phase=Phase.IDLE, draft=None)
    return scene.turn(
        after, SmallTalk(text=scene.say("cancelled"), options=scene.options("complain", "human"))
    )


def _add(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.CONFIRMING:
        return _nothing_pending(scene)
    draft = filing.edited(_draft(scene), scene.heard.message.fields)
    after = replace(scene.before, phase=Phase.CONFIRMING, draft=draft)
    return scene.turn(after, Clarify(text=scene.say("say_more")))


def _skip(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.COLLECTING:
        return _nothing_pending(scene)
    return _take_answer(scene, _draft(scene))


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
    return _next_step(scene, replace(draft, said=words, facts=facts, callback=True, asking=""))


def _hand_over(scene: Scene, draft: Draft) -> Turn:
    ticket = _ticket(scene, draft)
    return scene.turn(scene.filed(ticket.number), HandOver(ticket=ticket))


def _file(scene: Scene) -> Turn:
    """Nobody wrote an answer, or it did not help: a person answers the same question."""
    if scene.before.phase is not Phase.IDLE:
        return _pending_again(scene, scene.before)
    question = scene.before.unanswered
    if not question:
        return _complain(scene)
    return _next_step(scene, filing.draft_of("consultation", question, scene.heard))


def _solved(scene: Scene) -> Turn:
    after = replace(scene.before, unanswered="")
    return scene.turn(after, SmallTalk(text=scene.say("glad")))


def _unsolved(scene: Scene) -> Turn:
    if scene.before.phase is not Phase.IDLE:
        return _pending_again(scene, scene.before, SmallTalk(text=scene.say("first_this")))
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
        return _pending_again(scene, scene.before)
    # Chosen under a message that was not understood, it means that message: nobody says it twice.
    about_last = any(option.id == "file" for option in scene.before.offered)
    return _begin(scene, "complaint", scene.before.unanswered if about_last else "")


def _ask(scene: Scene) -> Turn:
    return scene.turn(scene.before, Clarify(text=scene.say("ask_away")))


def _ground_yes(scene: Scene) -> Turn:
    draft = _draft(scene) if scene.before.draft else None
    ground = filing.ground_of(scene.pack, draft.ground) if draft and draft.ground else None
    if draft is None or ground is None:
        return _nothing_pending(scene)
    return _refuse(scene, ground)


def _ground_no(scene: Scene) -> Turn:
    if scene.before.draft is None:
        return _nothing_pending(scene)
    return _next_step(scene, replace(scene.before.draft, ground="", asking=""))


def _danger_no(scene: Scene) -> Turn:
    after = replace(scene.before, doubted="", doubted_text="")
    return _pending_again(scene, after, SmallTalk(text=scene.say("no_danger")))


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
        return _pending_again(scene, scene.before, Progress(text=text))
    rows = [
        scene.say("progress_row", number=s.number, title=s.title, state=s.state) + s.due
        for s in scene.standings
    ]
    return _pending_again(
        scene, scene.before, Progress(text="\n".join(rows), ticket=_open(scene.standings[-1]))
    )


def _open(standing: Standing) -> str:
    """Return the number of a ticket that can still be urged, else the empty string."""
    return "" if standing.withdrawn or standing.closed else standing.number


def _urge(scene: Scene) -> Turn:
    """Urge the latest of the citizen's tickets."""
    if not scene.standings:
        return _progress(scene)
    latest = scene.standings[-1]
    if latest.withdrawn or latest.closed:
        name = "act_withdrawn" if latest.withdrawn else "act_closed"
        return _pending_again(scene, scene.before, Clarify(text=scene.say(name, number=latest.number)))
    return _pending_again(scene, scene.before, Urge(number=latest.number))


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
        return _next_step(scene, draft)
    if filing.is_vagueness(scene.pack, ground.rule):
        # Nothing to say yes or no to: it is asked what the matter is, and never refused by itself.
        after = replace(scene.before, phase=Phase.COLLECTING, draft=replace(draft, asking="what"))
        return scene.turn(after, Clarify(text=ground.ask))
    doubted = replace(draft, ground=ground.rule, asking=GROUND)
    question = Clarify(text=ground.ask, options=scene.options("ground_yes", "ground_no"))
    return scene.turn(replace(scene.before, phase=Phase.COLLECTING, draft=doubted), question)


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
    after = replace(scene.before, unanswered=scene.text)
    options = scene.options(*(ways or ("file", "complain", "human")))
    return scene.turn(after, Clarify(text=scene.say("which_way"), options=options))


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
