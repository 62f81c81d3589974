"""What citizens see of the law: every rule that concerns them, with its article, on one page and in docs/promises."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from cities.loading import city_codes, load_book
from gateway.web.promises import WORD_BACK, YOURS, newest, promises_of
from gateway.web.rendering import WORDS, law, plain_date
from hotline import limits as limit_words
from hotline.calendar import CITY_TIME
from hotline.citation import LawStatus
from hotline.citypack import CityPack, Lawbook
from hotline.limits import DeadlineRule, ExtensionRule, Silence, UnfixedLimit
from hotline.vocabulary import ASSIGNMENTS, CASES, CONTENTS, MATTERS, ROLES, STARTS, TOPICS, WHATS
from tests.web.fake_app import NOW, PACK, FakeCore, channel_parts, fake_app, fake_assets
from tests.web.reading import Client, Page
from tools import promises as generator

LAW = PACK.deadlines[0].citation
CITIES = city_codes()


def told(pack: CityPack) -> str:
    return "\n".join(promises_of(pack, WORDS, write=plain_date).sentences)


@pytest.mark.parametrize("code", [code for code in CITIES if not code.startswith("_")])
def test_the_page_of_a_city_is_current(code: str) -> None:
    path = generator.FOLDER / f"{code}.md"
    assert path.read_text(encoding="utf-8") == generator.page(code), "run make pages"


def test_there_is_no_page_without_a_city() -> None:
    assert {path.name for path in generator.FOLDER.iterdir()} == set(generator.pages())


@pytest.mark.duty("ALL-1", "R-ALL-25")
@pytest.mark.parametrize("code", CITIES)
def test_nothing_that_concerns_a_citizen_is_left_out(code: str) -> None:
    pack = newest(load_book(code))
    promises = promises_of(pack, WORDS, write=plain_date)
    said = set(promises.sentences)
    for section in (pack.accepted, pack.privacy, pack.emergency):
        assert {rule.says for rule in section} <= said
    assert {rule.citation.reason for rule in pack.scope} <= said
    assert [line.route for line in promises.refused] == [rule.citation.route for rule in pack.scope]
    limits = [line for one in promises.limits for line in one.lines]
    told = WORDS["promises"]["promised"]
    shown = [rule.citation.article for rule in pack.deadlines if rule.what in told]
    shown += [rule.citation.article for rule in pack.unfixed if rule.what in told]
    assert sorted(line.citation.article for line in limits) == sorted(shown)
    assert len(promises.silences) == len(pack.silences)
    assert len(promises.moves) == len(pack.extensions) + len(pack.returns)
    owed = [rule for rule in (*pack.intake_rules, *pack.desk_rules) if "petitioner" in rule.to]
    assert {rule.says for rule in owed if rule.topic in (*YOURS, *WORD_BACK)} <= said


def test_every_word_of_the_law_can_be_said() -> None:
    assert set(WORDS["roles"]) == set(ROLES) and set(WORDS["contents"]) == set(CONTENTS)
    assert set(WORDS["due"]) == set(WHATS) and set(WORDS["starts"]) == set(STARTS)
    assert set(WORDS["assignments"]) == set(ASSIGNMENTS) and set(WORDS["matters"]) == set(MATTERS)
    assert set(WORDS["cases_of"]) == set(CASES)
    said = WORDS["promises"]
    assert set(said["unfixed"]) == set(limit_words.UNFIXED)
    assert set(said["silent_on"]) == set(limit_words.SILENT_ON)
    assert set(said["fallback"]) == set(limit_words.FALLBACKS)
    assert set(said["late_return"]) == set(limit_words.LATE_RETURNS)
    assert set(said["return_again"]) == set(limit_words.RETURNS_AGAIN)
    assert set(said["late_request"]) == set(limit_words.LATE_REQUESTS)
    assert {*YOURS, *WORD_BACK} <= set(TOPICS)


def test_every_condition_of_a_limit_is_named() -> None:
    rule = DeadlineRule(
        id="r", what="finish", starts="transfer", days=7, citation=LAW, kinds=("complaint",), classes=("normal",),
        channels=("mailbox",), assignments=("leader",), matters=("utility",), cases=("second_handling",), setting=True,
        in_principle=True,
    )  # fmt: skip
    (limits,) = promises_of(replace(PACK, deadlines=(rule,), unfixed=()), WORDS, write=plain_date).limits
    assert limits.whose == "一般，水电气热，投诉，领导批示的，第二次办理的，从市长信箱来的"
    (line,) = limits.lines
    assert line.text == "转办后7天内办结并答复您。"
    assert line.notes == ("条文没有这个数字，是本市自己定的。", "这是原则上的日期，推后要写明理由。")


@pytest.mark.parametrize(
    ("how", "expected"),
    [("at_once", "办结并答复您：条文要求马上办，没有写几小时、几天。"), ("centre", "办结并答复您：日期由热线中心逐件定。")],
)  # fmt: skip
def test_a_limit_without_a_figure_shows_none(how: str, expected: str) -> None:
    open_ = UnfixedLimit(id="u", what="finish", how=how, citation=LAW)
    assert expected in told(replace(PACK, deadlines=(), unfixed=(open_,)))


def test_an_extension_says_how_often_how_long_and_what_is_told() -> None:
    rule = ExtensionRule(
        id="e", citation=LAW, kinds=("complaint",), requires=("reason",), at_most_working_days=15, in_total=True,
        in_principle=True, tells_citizen=("progress", "new_date"),
    )  # fmt: skip
    assert (
        "投诉，办结并答复您的日期可以延后：承办单位在到期以前提出，写明理由，由热线中心决定，一般合计最多15个工作日。"
        "到期以后才提出的，不能延。延期以后，会告诉您办理情况、新的日期。"
    ) in told(replace(PACK, extensions=(rule,)))


def test_a_silence_is_told_as_silence() -> None:
    silence = Silence(id="s", about="follow_up", fallback="not_shown", citation=LAW, classes=("urgent",))
    assert "紧急：多久回访您，条文没有写。我们不编日期，不显示。" in told(replace(PACK, silences=(silence,)))


@pytest.mark.duty("R-BD-1")
def test_a_draft_says_so_on_top_and_at_each_article() -> None:
    draft = tuple(replace(source, status=LawStatus.DRAFT) for source in PACK.sources)
    promises = promises_of(replace(PACK, sources=draft), WORDS, write=plain_date)
    assert "征求意见稿" in promises.intro[0]
    assert law(replace(LAW, status=LawStatus.DRAFT)) == "《示例市热线条例》（征求意见稿）" + LAW.article


async def test_the_page_shows_every_sentence_with_its_article(client: Client) -> None:
    response = await client.get("/promises")
    page = Page(await response.text())
    assert response.status == 200
    for sentence in promises_of(PACK, WORDS, write=plain_date).sentences:
        assert sentence in page.words
    assert page.words.count("依据：《") >= len(promises_of(PACK, WORDS, write=plain_date).sentences)


async def test_portal_and_foot_lead_to_it(client: Client) -> None:
    for place in ("/", "/progress"):
        links = [attrs.get("href") for attrs in Page(await (await client.get(place)).text()).found("a")]
        assert "/promises" in links


async def test_the_page_follows_the_law_of_the_day(aiohttp_client: AiohttpClient, tmp_path: Path) -> None:
    """A process that runs over the day on which the law changes shows the new law without a new start."""
    changed = DeadlineRule(id="finish", what="finish", starts="filing", days=9, citation=LAW)
    book = Lawbook(periods=(PACK, replace(PACK, deadlines=(changed,), since=date(2026, 10, 1))))
    now = [NOW]
    parts = replace(channel_parts(FakeCore()), clock=lambda: now[0])
    app = fake_app(fake_assets(tmp_path), parts=parts, pack=book.on(NOW.date()))
    client = await aiohttp_client(app)
    assert "9天内办结" not in await (await client.get("/promises")).text()
    now[0] = datetime(2026, 10, 1, 0, 0, tzinfo=CITY_TIME)
    assert "9天内办结" in await (await client.get("/promises")).text()


@pytest.mark.parametrize(
    ("code", "since"),
    [
        ("suqian", ""),
        ("baoding", ""),
        ("kaifeng", "2020年6月11日"),
        ("xian", "2023年9月10日"),
        ("pingdingshan", "2022年1月20日"),
    ],
)
def test_the_day_at_the_top_is_the_day_of_the_city_s_own_text(code: str, since: str) -> None:
    intro = "".join(promises_of(newest(load_book(code)), WORDS, write=plain_date).intro)
    assert (f"{since}起的规定" in intro) if since else ("起的规定" not in intro)


def test_a_draft_is_named_once_and_its_marks_close_once() -> None:
    named = replace(
        LAW, instrument="《示例市热线条例》（征求意见稿）", article="第三条", status=LawStatus.DRAFT
    )
    assert law(named) == "《示例市热线条例》（征求意见稿）第三条"
    assert law(replace(named, instrument="《示例市热线条例》")) == law(named)
    assert law(replace(named, instrument="示例市热线条例")) == law(named)
