"""The site on canned answers, to be tested and looked at: ``python -m tests.web.fake_app [PORT]``."""

import hashlib
import hmac
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from channels.attachments import DOCX, ZIP, Sniffer, kept_name
from channels.base import ChannelParts, Parcel, RefusedFileError, StagedFile, StoredFile, Uttered
from channels.webchat.codec import client_id
from cities.loading import load_pack
from gateway.web.errors import problem_of
from gateway.web.files import Assets
from gateway.web.floods import TooManyMessagesError, origin_of
from gateway.web.health import Check
from gateway.web.ports import InboundText, Received, Said, SentReply, Step, Thread, TicketStatus
from gateway.web.site import SiteParts, make_site
from groundwork.limits import Subject, Take
from hotline.calendar import CITY_TIME
from hotline.call_in import CallIn
from hotline.citation import Citation, Route
from hotline.citypack import CityPack
from hotline.conversation import Option
from hotline.deadlines import due_moments, shown_date
from hotline.errors import KeyReusedError, StorageAwayError
from hotline.message import InboundMessage
from hotline.notices import Notice, Part, Row, Table
from hotline.polls import Answer, Poll
from hotline.reply import Call, Reply, ReplyField, SourceNote, SummaryNote, TicketNote
from hotline.ticket import TicketIdentity, ticket_number
from hotline.understanding import Finding, Hit

NOW = datetime(2026, 9, 29, 14, 30, tzinfo=CITY_TIME)
NUMBER = ticket_number(date(2026, 9, 29), "7K2M9XQ4")
CODE = "K7M4PX"


PACK = load_pack("_example")
LAW = Citation(instrument="《示例市热线条例》", article="第十条")
DUE = due_moments(PACK, kind="complaint", ticket_class=None, channel="webchat", at=NOW)
LETTER_DUE = due_moments(PACK, kind="complaint", ticket_class=None, channel="mailbox", at=NOW)
HIT = Hit(
    article_id="id-card-lost", version=3, question="居民身份证丢失，怎样补领",
    answer="身份证丢失，应当向公安机关申请补领。公安机关在您提交申领登记表之日起六十日内发放新证。\n等新证期间急着用，可以申请临时居民身份证。",
    source="《居民身份证法》第十一条、第十二条", unit="示例市公安局", updated_at=datetime(2026, 8, 12, tzinfo=CITY_TIME),
    score=0.9,
)  # fmt: skip
TICKET = TicketNote(
    number=NUMBER, query_code=CODE, kind="complaint", kind_label="投诉", ticket_class=None,
    lead_unit="示例区住房和城乡建设局", due=DUE,
)  # fmt: skip


def options(*pairs: tuple[str, str]) -> tuple[Option, ...]:
    """Return options of those ids and labels."""
    return tuple(Option(id=id, label=label) for id, label in pairs)


REPLIES: dict[str, tuple[Reply, ...]] = {
    "身份证": (
        Reply(
            kind="answer", text=HIT.answer, options=options(("solved", "解决了"), ("unsolved", "没解决")),
            sources=(SourceNote(article_id=HIT.article_id, version=3, title=HIT.question, source=HIT.source,
                                unit=HIT.unit, updated_at=HIT.updated_at),),
        ),
    ),
    "法院": (
        Reply(
            kind="refusal", text="这件事热线不能办，但有地方能办。",
            citation=replace(LAW, reason="您说的是已经由法院判决的案件。热线和政府部门不能改变法院的判决。",
                         route=Route(name="上一级人民法院", how="不服一审判决，可以在判决书送达之日起十五日内上诉（《民事诉讼法》第一百七十一条）。")),
            options=options(("review", "请人工复核"), ("more", "我要补充情况")),
        ),
    ),
    "煤气": (
        Reply(
            kind="emergency", text="我们已经记下这件事，列为最紧急一级。人安全以后，请告诉我在哪个小区、几号楼。",
            call=Call(number="119", also=("120",), why="燃气泄漏", headline="马上到室外，打119",
                      steps=("带家人离开，到室外再打电话。", "不要开灯、关灯，不要点火。", "走的时候敲门提醒邻居。")),
        ),
        Reply(kind="ticket", text="这件事已经受理，列为最紧急一级。", ticket=TICKET),
    ),
    "施工": (
        Reply(kind="clarify", text="请问施工一般在什么时间？知道时间，才好判断该由哪个部门去查。",
              options=options(("value_0", "晚上10点到第二天早上6点"), ("value_1", "中午12点到2点"), ("skip", "不清楚"))),
    ),
    "烟味": (
        Reply(kind="clarify", text="现在是不是正在着火或者冒烟？", call=Call(number="119", also=(), why="如果正在着火，请先离开，马上打119。"),
              options=options(("danger_yes", "是，正在发生"), ("danger_no", "不是"))),
    ),
    "晚上": (
        Reply(
            kind="summary", text="请看看写得对不对。您确认以后，我们才提交。",
            summary=SummaryNote(fields=(
                ReplyField(name="what", label="反映的事", value="示例小区东侧工地夜间施工，噪声影响居民休息。"),
                ReplyField(name="place", label="地点", value="示例区示例路1号，示例小区东侧"),
                ReplyField(name="time", label="时间", value="晚上10点到早上6点，最近一周"),
                ReplyField(name="phone", label="联系电话", value="100 0000 0000"),
                ReplyField(name="confidential", label="请为我保密，不把姓名和电话给被反映的单位", value="false"),
            )),
            options=options(("confirm", "确认提交"), ("add", "再补充一点"), ("cancel", "不提交了")),
        ),
    ),
    "confirm": (Reply(kind="ticket", text="已受理，请记下单号。", ticket=TICKET),),
    "人工": (Reply(kind="handover", text="已转给工作人员，会给您回电话。", ticket=replace(TICKET, due=())),),
    "市长": (
        Reply(kind="ticket", text="已受理，请记下单号。", ticket=replace(TICKET, due=LETTER_DUE)),
    ),
    "进度": (Reply(kind="progress", text=f"{NUMBER} 示例小区东侧工地夜间施工：正在办理"),),
}  # fmt: skip
REPLIES["value_0"] = REPLIES["晚上"]
REPLIES["unsolved"] = REPLIES["review"] = REPLIES["市长"]
OTHERWISE = (Reply(kind="clarify", text="没有找到这个问题的答案。换个说法试试，或者请工作人员答复您。",
                   options=options(("file", "请工作人员答复"), ("human", "转人工"))),)  # fmt: skip


@dataclass
class FakeCore:
    """Remembers what it was told and answers from ``REPLIES``; ``away`` and ``slow`` play trouble."""

    away: bool = False
    slow: bool = False
    flooded: bool = False
    origins: list[str | None] = field(default_factory=list)  #: of what came, in order
    messages: dict[str, InboundMessage] = field(default_factory=dict)
    said: dict[str, list[Said]] = field(default_factory=dict)
    readers: list[Callable[[], None]] = field(default_factory=list)

    async def receive(self, message: InboundMessage, *, within: float, origin: str | None = None) -> Received:
        """Answer like the intake: durable, the same again for the same key."""
        replies = self._replies(message)
        self.origins.append(origin)
        if self.flooded and await self.warn(message) is None:
            raise TooManyMessagesError(240)
        if self.away:
            warned = await self.warn(message)
            if warned is None:
                raise StorageAwayError("OSError")
            return warned
        known = self.messages.get(message.key)
        if known is not None and known.fingerprint() != message.fingerprint():
            raise KeyReusedError(client_id(message))
        log = self.said.setdefault(message.conversation, [])
        if known is None:
            self.messages[message.key] = message
            log.append(InboundText.of(message, pending=self.slow))
        if self.slow:
            return Received(replies=(), settled=False)
        log.extend(sent for sent in replies if sent not in log)
        for wake in tuple(self.readers):
            wake()
        letter = TicketIdentity(number=NUMBER, query_code=CODE) if message.letter else None
        return Received(replies=replies, settled=True, letter=letter)

    async def warn(self, message: InboundMessage) -> Received | None:
        """Answer an emergency alone."""
        replies = self._replies(message)
        urgent = any(sent.reply.kind == "emergency" for sent in replies)
        return Received(replies=replies[:1], settled=True) if urgent else None

    def _replies(self, message: InboundMessage) -> tuple[SentReply, ...]:
        heard = f"{message.text} {message.option or ''}"
        otherwise = REPLIES["市长"] if message.letter or message.about else OTHERWISE
        found = next((replies for word, replies in REPLIES.items() if word in heard), otherwise)
        id = client_id(message)
        return tuple(
            SentReply(
                id=f"r-{hashlib.sha256(message.key.encode()).hexdigest()[:12]}-{n}",
                in_reply_to=id,
                at=NOW,
                reply=reply,
            )
            for n, reply in enumerate(found)
        )

    @contextmanager
    def follow(self, conversation: str, wake: Callable[[], None]) -> Iterator[None]:
        """Wake every reader at everything that is said."""
        self.readers.append(wake)
        try:
            yield
        finally:
            self.readers.remove(wake)

    def _uttered(self, conversation: str) -> list[Uttered]:
        sent = [one for one in self.said.get(conversation, ()) if isinstance(one, SentReply)]
        return [
            Uttered(place=place, message=self.messages[f"{conversation}:{one.in_reply_to}"], sent=one)
            for place, one in enumerate(sent, 1)
        ]

    async def place_of(self, conversation: str, reply: str) -> int:
        """Return where a reply stands among all."""
        return next((one.place for one in self._uttered(conversation) if one.sent.id == reply), 0)

    async def last_place(self, conversation: str) -> int:
        """Return how many replies there are."""
        return len(self._uttered(conversation))

    async def since(self, conversation: str, place: int, *, limit: int) -> tuple[Uttered, ...]:
        """Return the next replies."""
        if self.away:
            raise StorageAwayError("OSError")
        return tuple(self._uttered(conversation)[place : place + limit])

    async def history(self, conversation: str, *, limit: int) -> tuple[Said, ...]:
        """Return what was said."""
        if self.away:
            raise StorageAwayError("OSError")
        return tuple(self.said.get(conversation, [])[-limit:])


class FakeNews:
    """Has one notice."""

    async def shown(self) -> Sequence[Notice]:
        """Return it."""
        tables = (
            Table(title="总量", rows=(Row(name="受理", number=128),)),
            Table(title="办理指标", rows=(Row(name="按时办结", number=90, of=96),)),
        )
        notice = Notice(
            id="paper-1", sequence=1, title="接诉即办的工作情况及时向社会公布。", law="《示例市热线条例》第三十七条",
            first=date(2026, 8, 1), last=date(2026, 8, 31), at=NOW, tables=tables,
            parts=(Part(title="内容", text="八月受理的事，路灯和停水最多，都已派人去修。"),),
        )  # fmt: skip
        return (notice,)


class FakePolls:
    """Has one poll, and counts the first answer of each browser."""

    poll = Poll(
        id=1, question="您对夜间公交的班次满意吗？", options=("满意", "一般", "不满意"), ordered_by="示例市人民政府",
        first=date(2026, 9, 1), last=date(2026, 9, 30), areas=("示例区", "示例县"), groups=("上班的人", "学生"), system="公共交通",
    )  # fmt: skip

    def __init__(self) -> None:
        self.answers: dict[bytes, Answer] = {}

    async def listed(self) -> Sequence[Poll]:
        """Return it."""
        return (self.poll,)

    async def find(self, id: int) -> Poll | None:
        """Return it by its id."""
        return self.poll if id == self.poll.id else None

    async def answer(self, id: int, answer: Answer, *, voter: bytes) -> bool:
        """Keep the first one."""
        return self.answers.setdefault(voter, answer) is answer


class FakeRegister:
    """Knows one ticket, and what ``core`` was told in letters."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core

    status = TicketStatus(
        number=NUMBER, title="示例小区东侧工地夜间施工", state="signed", lead_unit="示例区住房和城乡建设局",
        shown_due=shown_date(DUE), due=DUE, confidential=False, kind="投诉", mark="0123456789ABCDEF",
        filed_at=datetime(2026, 9, 29, 14, 34, tzinfo=CITY_TIME),
        steps=(
            Step(at=datetime(2026, 9, 29, 15, 20, tzinfo=CITY_TIME), name="signed", text="示例区住房和城乡建设局已签收。"),
            Step(at=datetime(2026, 9, 29, 14, 34, tzinfo=CITY_TIME), name="filed", text="您在网页上提交。"),
        ),
    )  # fmt: skip

    async def look_up(self, number: str, query_code: str) -> TicketStatus | None:
        """Return the ticket for its number and code; a letter that was answered or refused is none yet."""
        if (number, query_code) != (NUMBER, CODE):
            return None
        letters = [message for message in self._core.messages.values() if message.letter]
        replies = self._core._replies(letters[-1]) if letters else ()
        outcome = (
            {"answer": "answered", "refusal": "refused"}.get(replies[0].reply.kind, "") if replies else ""
        )
        if not outcome or any(message.about for message in self._core.messages.values()):
            return self.status
        return replace(
            self.status, title="路灯多久能修好", state=outcome, lead_unit="", shown_due=None, due=(), letter=outcome,
            replies=replies, steps=(Step(at=NOW, name=outcome, text=""), Step(at=NOW, name="received", text="")),
        )  # fmt: skip

    async def thread(self, number: str, query_code: str) -> Thread | None:
        """Return where to add to the ticket."""
        if (number, query_code) != (NUMBER, CODE):
            return None
        return Thread(number=NUMBER, conversation="mailbox:1", channel="mailbox", sender="p")

    async def letter(self, key: str) -> Received | None:
        """Return what was said to the letter of that key, once it is settled."""
        message = self._core.messages.get(key)
        return None if message is None or self._core.slow else await self._core.receive(message, within=0)


class FakeArticles:
    """Holds one answer for the city, and names one of a county."""

    def __init__(self) -> None:
        self.opinions: list[tuple[str, bool, str]] = []

    async def search(self, question: str, *, limit: int) -> Finding:
        """Find it by one word."""
        return Finding(hits=(HIT,)[:limit], answered="身份证" in question)

    async def article(self, id: str) -> Hit | None:
        """Return it by id."""
        return HIT if id == HIT.article_id else None

    async def related(self, id: str) -> tuple[Hit, ...]:
        """Name another one."""
        return (replace(HIT, article_id="another", question="户口本丢了怎么办"),)

    async def listed(self) -> tuple[Hit, ...]:
        """Return it, some of a category, and one of a county."""
        many = (replace(HIT, article_id=f"t{n}", question=f"第{n}个问题", category="交通") for n in range(7))
        return (HIT, *many, replace(HIT, article_id="county", question="县里怎么办", region="示例县"))

    async def opinion(self, id: str, *, solved: bool, text: str) -> None:
        """Remember it."""
        self.opinions.append((id, solved, text))


class FakeDeliveries:
    """Owes nobody anything."""

    async def lease(self, conversation: str, key: str) -> tuple[Parcel, ...]:
        """Return nothing."""
        return ()

    async def sent(self, parcel: Parcel, parts: int, *, whole: bool) -> None:
        """Note nothing."""

    async def release(self, parcels: Sequence[Parcel]) -> None:
        """Note nothing."""

    async def left(self, sender: str) -> None:
        """Note nothing."""


class FakeFiles:
    """Keeps what the real rules let through, in its head; on record or only staged."""

    def __init__(self) -> None:
        self.staged: dict[str, bytes] = {}
        self.kept: dict[tuple[str, str], StoredFile] = {}
        self.away = self.full = False

    async def stage(self, chunks: AsyncIterator[bytes], *, name: str) -> StagedFile:
        """Look at it as the real one does, office documents and pictures but from outside."""
        sniffer, data = Sniffer(), b""
        if self.full:
            raise StorageAwayError("OSError")
        try:
            async for chunk in chunks:
                sniffer.see(chunk)
                data += chunk
            kind = sniffer.type()
            kind = DOCX if kind == ZIP else kind
            shown = kept_name(name, kind)
        except RefusedFileError as error:
            raise RefusedFileError(error.why, name=name, size=error.size) from error
        digest = hashlib.sha256(data).hexdigest()
        place = f"{len(self.staged)}:{digest}"
        self.staged[place] = data
        return StagedFile(place=place, print=digest, digest=digest, name=shown, type=kind, size=len(data))

    async def put(self, staged: StagedFile, *, owner: str) -> StoredFile:
        """Remember it for its owner."""
        if self.away:
            raise StorageAwayError("OSError")
        id = hashlib.sha256(f"{owner}:{staged.print}".encode()).hexdigest()[:32]
        stored = StoredFile(id=id, name=staged.name, type=staged.type, size=staged.size)
        return self.kept.setdefault((owner, id), stored)

    async def drop(self, staged: StagedFile) -> None:
        """Forget it."""
        self.staged.pop(staged.place, None)

    async def owned(self, ids: Sequence[str], *, owner: str) -> tuple[StoredFile, ...]:
        """Return those that are the owner's."""
        if self.away:
            raise StorageAwayError("OSError")
        return tuple(self.kept[owner, id] for id in ids if (owner, id) in self.kept)

    async def keep(self, chunks: AsyncIterator[bytes], *, name: str, owner: str) -> StoredFile:
        """Stage it and put it on record."""
        staged = await self.stage(chunks, name=name)
        try:
            return await self.put(staged, owner=owner)
        finally:
            await self.drop(staged)


@dataclass
class FakeLimits:
    """Counts for ever."""

    most: int = 10
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    async def take(self, *subjects: Subject, unless: str = "") -> Take:
        """Count, or lock for a quarter of an hour."""
        if any(self.counts.get(subject, 0) >= self.most for subject in subjects):
            return Take(wait=900.0, left=0)
        for subject in subjects:
            self.counts[subject] = self.counts.get(subject, 0) + 1
        left = min((self.most - self.counts[subject] for subject in subjects), default=self.most)
        return Take(wait=0.0, left=left, subjects=subjects)

    async def give_back(self, taken: Take) -> None:
        """Take it back."""
        for subject in taken.subjects:
            self.counts[subject] -= 1
        self.counts = {subject: count for subject, count in self.counts.items() if count}

    async def spare(self, who: str) -> None:
        """Spare nobody."""


@dataclass
class FakeSheets:
    """Remembers what it is given; ``away`` plays trouble."""

    away: bool = False
    kept: dict[str, Any] = field(default_factory=dict)

    async def put(self, owner: str, value: Any) -> bool:
        """Keep it as what JSON makes of it."""
        if not self.away:
            self.kept[owner] = json.loads(json.dumps(value))
        return not self.away

    async def get(self, owner: str) -> Any:
        """Return it."""
        return self.kept.get(owner)


def fake_assets(folder: Path) -> Assets:
    """Return assets with a line each, so that no build is needed."""
    names = {
        "weui.css": "weui.0.css",
        "citizen.css": "citizen.0.css",
        "tabler.css": "tabler.0.css",
        "staff.css": "staff.0.css",
        "chat.js": "chat.0.js",
        "embed.js": "embed.0.js",
        "framed.js": "framed.0.js",
        "letter.js": "letter.0.js",
        "receipt.js": "receipt.0.js",
        "find.js": "find.0.js",
        "icons.svg": "icons.0.svg",
    }
    for name in names.values():
        (folder / name).write_text("/* */", "utf-8")
    (folder / "manifest.json").write_text(json.dumps(names), "utf-8")
    return Assets.load(folder)


def key_for(purpose: str) -> bytes:
    """Return a key that is good enough for a test."""
    return hashlib.sha256(purpose.encode()).digest()


def channel_parts(core: FakeCore, files: FakeFiles | None = None) -> ChannelParts:
    """Return what a channel is made of, on ``core``."""
    return ChannelParts(
        city="_example", receive=core, clock=lambda: NOW, key=key_for,
        pseudonym=lambda who: hmac.new(key_for("sender"), who.encode(), "sha256").hexdigest(),
        say=PACK.say, deliveries=FakeDeliveries(), follows=core, problem=lambda error: problem_of(error).document(), files=files or FakeFiles(), origin=origin_of, settings={},
    )  # fmt: skip


async def _up() -> None:
    return None


class FakeCallIns:
    """One leader's hours are announced."""

    async def coming(self) -> Sequence[CallIn]:
        """Return them."""
        return [
            CallIn(
                day=date(2026, 10, 14),
                first=time(9),
                last=time(11),
                leader="示例甲（示例职务）",
                place="示例大厅",
            )
        ]


def fake_app(
    assets: Assets,
    *,
    core: FakeCore | None = None,
    parts: ChannelParts | None = None,
    limits: FakeLimits | None = None,
    sheets: FakeSheets | None = None,
    files: FakeFiles | None = None,
    checks: tuple[Check, ...] = (Check(name="database", probe=_up, required=True),),
    public_url: str = "http://127.0.0.1:8080",
    pack: CityPack = PACK,
    embed_origins: Sequence[str] = (),
) -> web.Application:
    """Return the site over fakes."""
    core = core or FakeCore()
    return make_site(
        SiteParts(
            pack=pack, channel=parts or channel_parts(core, files), history=core, registers=FakeRegister(core), articles=FakeArticles(), news=FakeNews(), polls=FakePolls(),
            limits=limits or FakeLimits(), sheets=sheets or FakeSheets(), checks=checks, metrics=CollectorRegistry(), public_url=public_url,
            assets=assets, embed_origins=embed_origins, call_ins=FakeCallIns(),
        )
    )  # fmt: skip


if __name__ == "__main__":
    web.run_app(
        fake_app(Assets.load()), host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8081
    )
