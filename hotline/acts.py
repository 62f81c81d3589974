"""What citizens do in the chat about their own tickets: urge, supplement, withdraw, rate, look."""

from dataclasses import replace

from hotline.conversation import Doing
from hotline.message import SOLVED
from hotline.scene import Scene, Standing
from hotline.steps import pending_again
from hotline.turn import Clarify, Progress, Rate, SmallTalk, Supplement, Turn, Urge, Withdraw
from hotline.understanding import Intent
from hotline.wishes import number_in, says_only, without_number

GRADES = ("grade_5", "grade_4", "grade_3", "grade_2", "grade_1")
SOLVEDNESS = tuple(f"solved_{word}" for word in SOLVED)  #: the options
DISSATISFIED = 2  #: from this grade down it is asked why


def begun(scene: Scene, wish: str) -> Turn:
    """Begin what is wished about the ticket that the words name, else about the latest; say why where it cannot be."""
    number = number_in(scene.text)
    if number and number not in scene.before.tickets:
        return pending_again(scene, scene.before, Clarify(text=scene.say("not_own_ticket", number=number)))
    if not scene.standings:
        return pending_again(scene, scene.before, SmallTalk(text=scene.say("progress_elsewhere")))
    standing = next((one for one in scene.standings if one.number == number), scene.standings[-1])
    return on(scene, standing, wish)


def on(scene: Scene, standing: Standing, wish: str) -> Turn:
    """Begin ``wish`` about the ticket of ``standing``."""
    number = standing.number
    if standing.withdrawn or (standing.closed and wish in ("urge", "withdraw")):
        name = "act_withdrawn" if standing.withdrawn else "act_closed"
        return pending_again(scene, scene.before, Clarify(text=scene.say(name, number=number)))
    match wish:
        case "urge":
            bare = scene.choice or says_only(scene.pack, without_number(scene.text), "says_urge")
            said = "" if bare else without_number(scene.text)
            return pending_again(
                scene, scene.before, Urge(number=number, text=said, times=standing.urged + 1)
            )
        case "supplement":
            return _waits(scene, "supplement", number, scene.say("add_what", number=number), "no_more")
        case "withdraw":
            sure = scene.say("withdraw_sure", number=number, title=standing.title)
            others = scene.say("which_ticket") if len(scene.standings) > 1 else ""
            return _waits(scene, "withdraw", number, sure + others, "withdraw_yes", "withdraw_no")
        case "rate" if not standing.answered and not standing.closed:
            too_early = Clarify(text=scene.say("rate_not_yet", number=number))
            return pending_again(scene, scene.before, too_early)
        case "rate":
            how = scene.say("rate_how", number=number, title=standing.title)
            return _waits(scene, "rate", number, how, *GRADES)
        case _:
            raise ValueError(f"nothing that can be done about a ticket: {wish}")


def _waits(scene: Scene, act: str, number: str, text: str, *options: str) -> Turn:
    after = replace(scene.before, doing=Doing(act=act, number=number))
    return scene.turn(after, Clarify(text=text, options=scene.options(*options)))


def gone_on(scene: Scene, doing: Doing) -> Turn | None:
    """Take the message as the answer that ``doing`` waits for; ``None`` where it is something else."""
    after = replace(scene, before=replace(scene.before, doing=None))
    match doing.act:
        case "supplement":
            return _supplemented(after, doing.number)
        case "withdraw":
            return _withdrawn(after, doing.number)
        case "rate":
            return _rated(after, doing.number)
        case "solved":
            return _told_solved(after, doing)
        case _:
            return None


def _supplemented(scene: Scene, number: str) -> Turn | None:
    declined = scene.choice == "no_more" or (
        scene.intent is Intent.DENY or scene.text in scene.pack.words["declines"].split()
    )
    if declined:
        return pending_again(scene, scene.before, SmallTalk(text=scene.say("glad")))
    if scene.choice or scene.intent in (
        Intent.HUMAN,
        Intent.GREET,
        Intent.THANKS,
        Intent.PROGRESS,
        Intent.AFFIRM,
    ):
        return None
    message = scene.heard.message
    place = message.location.label if message.location else ""
    text = "\n".join(part for part in (scene.text, place) if part)
    if not (text or message.attachments):
        return None
    brought = scene.before.brought
    others = tuple(id for id in brought.attachments if id not in message.attachments)
    after = replace(scene.before, brought=replace(brought, attachments=others, location=None))
    return pending_again(scene, after, Supplement(number=number, text=text, attachments=message.attachments))


def _withdrawn(scene: Scene, number: str) -> Turn | None:
    if scene.choice == "withdraw_yes" or (not scene.choice and scene.intent is Intent.AFFIRM):
        over = next(
            (one for one in scene.standings if one.number == number and (one.withdrawn or one.closed)), None
        )
        if over is not None:
            return on(scene, over, "withdraw")
        return pending_again(scene, scene.before, Withdraw(number=number))
    if scene.choice == "withdraw_no" or (not scene.choice and scene.intent is Intent.DENY):
        return pending_again(scene, scene.before, SmallTalk(text=scene.say("withdraw_kept", number=number)))
    return None


def _rated(scene: Scene, number: str) -> Turn | None:
    grade = _grade(scene)
    if grade is None:
        return None
    # The grade is owed at once; what is said about it afterwards goes after it.
    solved = Clarify(text=scene.say("rate_solved"), options=scene.options(*SOLVEDNESS))
    doing = Doing(act="solved", number=number, grade=grade)
    return scene.turn(replace(scene.before, doing=doing), Rate(number=number, grade=grade), solved)


def _told_solved(scene: Scene, doing: Doing) -> Turn | None:
    """Take the answer whether the matter is solved; what the dissatisfied say instead is taken for their reason."""
    dissatisfied, solved = doing.grade <= DISSATISFIED, _solved(scene)
    if not solved:
        return _supplemented(scene, doing.number) if dissatisfied else None
    rated = Rate(number=doing.number, grade=doing.grade, solved=solved)
    if not dissatisfied:
        return pending_again(scene, scene.before, rated)
    why = Clarify(text=scene.say("rate_why"), options=scene.options("no_more"))
    after = replace(scene.before, doing=Doing(act="supplement", number=doing.number))
    return scene.turn(after, rated, why)


def _solved(scene: Scene) -> str:
    if scene.choice:
        return scene.choice.removeprefix("solved_") if scene.choice in SOLVEDNESS else ""
    said = scene.text.rstrip("\u3002.!\uff01 ")
    words = (scene.pack.words[f"says_{option}"].split() for option in SOLVEDNESS)
    return next((word for word, some in zip(SOLVED, words, strict=True) if said in some), "")


def _grade(scene: Scene) -> int | None:
    if scene.choice.startswith("grade_") and scene.choice in GRADES:
        return int(scene.choice.removeprefix("grade_"))
    said = scene.text.rstrip("\u3002.!\uff01 ")
    if scene.choice:
        return None
    for name in ("grades", "also_grades", "typed_grades"):
        words = scene.pack.words[name].split()
        if said in words:
            return words.index(said) + 1
    return int(said) if len(said) == 1 and said.isdecimal() and 1 <= int(said) <= len(GRADES) else None


def shown(scene: Scene, *standings: Standing) -> Turn:
    """Say where each ticket stands, and what can be done about the last."""
    rows = [
        scene.say("progress_row", number=s.number, title=s.title, state=s.state) + s.due for s in standings
    ]
    last = standings[-1]
    return pending_again(
        scene, scene.before, Progress(text="\n".join(rows), ticket=last.number, ways=_ways(last))
    )


def _ways(standing: Standing) -> tuple[str, ...]:
    """Return what a citizen can do about a ticket as it stands."""
    if standing.withdrawn:
        return ()
    if standing.closed:
        return ("supplement", "rate")
    return ("urge", "supplement", "rate" if standing.answered else "withdraw")
