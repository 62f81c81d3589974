"""The editorial life of an article, by three people, against the real database; and that nothing leaks on the way."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from gateway import freshness
from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from gateway.store.feedback import Use
from gateway.store.questions import HANDED
from groundwork.audit import Author, Via
from hotline.calendar import CITY_TIME
from kb.article import Article, Status
from kb.library import Library
from kb.starters import starter_articles
from kb.workflow import Actor, Part, Step
from staff.accounts import Role
from staff.guard import DOOR
from staff.pages import StaffDoor
from tests.dispatch import PASSWORD, UNIT, settings_for
from tests.staffing import Visitor, jar

pytestmark = pytest.mark.enable_socket

FORM = {
    "question": "示例证丢了怎么补", "similar": "示例证掉了", "answer": "带上**本人照片**到窗口补办。\n- 照片\n- 申请表",
    "source": "《示例证办法》第三条", "unit": UNIT, "category": "证件",
    "short_answer": "带照片到窗口补办。",
}  # fmt: skip
BLANK = dict.fromkeys(("keywords", "related", "attachments", "source_url", "source_seen", "law_since", "region",
                       "valid_from", "valid_to"), "")  # fmt: skip


@pytest.fixture
async def services(gateway_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = replace(
        settings_for("", tmp_path), database_url=gateway_url, public_url="http://127.0.0.1:8080",
        files_dir=tmp_path / "files", redis_url=f"unix://{tmp_path}/no-redis",
    )  # fmt: skip
    async with open_services(settings) as services:
        await services.pool.execute(
            "TRUNCATE staff_accounts, staff_tries, articles, article_versions, article_drafts, article_steps,"
            " golden_questions, article_uses, unanswered_questions, article_corrections, article_reminders CASCADE"
        )
        await services.library.load()
        yield services


@pytest.fixture
async def people(services: Services, aiohttp_client: Any) -> dict[Role, Visitor]:
    """An editor, a unit and a reviewer, each at a browser of their own."""
    app = make_app(services)
    found = {}
    for role in (Role.EDITOR, Role.UNIT, Role.REVIEWER):
        visitor = Visitor(await aiohttp_client(app, cookie_jar=jar()), at="/staff")
        door = app[DOOR]
        assert isinstance(door, StaffDoor)
        await door.accounts.add(f"one-{role}", role, PASSWORD, unit=UNIT if role is Role.UNIT else "")
        assert (await visitor.sign_in(f"one-{role}", PASSWORD))[0] == 303
        found[role] = visitor
    return found


async def begun(editor: Visitor, **changes: str) -> str:
    """Write an article and return its address."""
    await editor.get("/kb/articles/new")
    status, place = await editor.post("/kb/articles/new", revision="0", **{**BLANK, **FORM, **changes})
    assert status == 303, place
    return place.partition("?")[0]


async def stepped(visitor: Visitor, place: str, step: str, **form: str) -> tuple[int, str]:
    """Press the button of a step, with the revision that the page shows."""
    _, page = await visitor.get(place)
    found = re.search(r'name="revision" value="(\d+)"', page)
    return await visitor.post(f"{place}/step", step=step, revision=found[1] if found else "0", **form)


async def shown_to_citizens(visitor: Visitor) -> list[str]:
    found = await visitor.client.get("/api/kb/search", params={"q": FORM["question"], "limit": "5"})
    return [hit["answer"] for hit in (await found.json())["hits"]]


@pytest.mark.duty("PDS-22", "BD-29")
async def test_an_article_is_written_checked_reviewed_and_only_then_answers(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor, unit, reviewer = people.values()
    place = await begun(editor)
    assert await shown_to_citizens(editor) == []
    assert (await editor.client.get(place.replace("/kb/articles", "/kb/public"))).status == 404
    _, page = await editor.get(place)
    assert "<strong>本人照片</strong>" in page and "<li>照片</li>" in page  # as the public page shows it
    assert "带照片到窗口补办。\n全文：" in page  # as WeChat is sent it
    assert (await stepped(editor, place, "publish"))[0] == 422
    _, page = await editor.get(f"{place}/trial")
    assert "2个问题里，2个答案会变" in page and "2个变好" in page
    assert (await stepped(editor, place, "submit"))[0] == 303
    assert (await stepped(editor, place, "check"))[0] == 422  # nobody checks alone
    _, page = await unit.get("/kb/review")
    assert FORM["question"] in page
    assert (await stepped(unit, place, "return"))[0] == 422  # says what to change
    assert (await stepped(unit, place, "return", remark="还要户口本"))[0] == 303
    _, page = await editor.get(place)
    assert "还要户口本" in page
    await editor.post(place, revision="1", **{**BLANK, **FORM, "answer": "带户口本和照片到窗口补办。"})
    for who, step in ((editor, "submit"), (unit, "check")):
        assert (await stepped(who, place, step))[0] == 303
    assert (await unit.post(f"{place}/step", step="publish", revision="2"))[0] == 422
    assert await shown_to_citizens(editor) == []
    assert (await stepped(reviewer, place, "publish"))[0] == 303
    assert await shown_to_citizens(editor) == ["带户口本和照片到窗口补办。"]
    steps = await services.pool.fetch("SELECT step FROM article_steps ORDER BY id")
    told = ["write", "submit", "return", "write", "submit", "check", "publish"]
    assert [row["step"] for row in steps] == told
    noted = await services.pool.fetch(
        "SELECT why FROM audit_log WHERE action = 'article.step' ORDER BY sequence"
    )
    assert [row["why"].partition(":")[0] for row in noted][-7:] == told
    assert (await stepped(reviewer, place, "withdraw", remark="办法改了"))[0] == 303
    assert await shown_to_citizens(editor) == []


async def test_who_wrote_in_an_article_never_reviews_it(people: dict[Role, Visitor]) -> None:
    editor, unit, reviewer = people.values()
    place = await begun(editor)
    await reviewer.get(place)
    assert (await reviewer.post(place, revision="1", **{**BLANK, **FORM, "category": "证照"}))[0] == 303
    for who, step in ((editor, "submit"), (unit, "check")):
        await stepped(who, place, step)
    status, page = await stepped(reviewer, place, "publish")
    assert status == 422 and "不能核对、审核自己写的" in page


async def test_two_editors_see_each_other_and_nothing_is_overwritten(people: dict[Role, Visitor]) -> None:
    editor, _, reviewer = people.values()
    place = await begun(editor)
    await reviewer.get(place)
    await reviewer.post(place, revision="1", **{**BLANK, **FORM, "answer": "审核员写的。"})
    status, page = await editor.post(place, revision="1", **{**BLANK, **FORM, "answer": "编辑写的。"})
    assert status == 409 and "<del>审核员</del>" in page and "编辑写的。</textarea>" in page
    _, page = await editor.get(place)
    assert "审核员写的。</textarea>" in page


async def test_a_regression_blocks_until_a_reviewer_gives_a_reason(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor, unit, reviewer = people.values()
    city = services.settings.city
    other = Article.drafted(
        city=city, external_id="noise", question="晚上装修吵怎么办", answer="可以投诉。",
        similar=("半夜装修吵到睡不着",), source="《示例法》第一条", status=Status.PUBLISHED, updated_at=services.clock(),
    )  # fmt: skip
    await services.articles.put([other, *starter_articles(city)])
    await services.library.refresh()
    place = await begun(
        editor,
        question="半夜装修吵到睡不着怎么办",
        similar="半夜装修吵到睡不着",
        answer="半夜装修吵到睡不着。",
    )
    await editor.get("/kb/golden")
    await editor.post("/kb/golden", question="半夜装修吵到睡不着", article=other.id)
    for who, step in ((editor, "submit"), (unit, "check")):
        assert (await stepped(who, place, step))[0] == 303
    status, page = await stepped(reviewer, place, "publish")
    assert status == 422 and "变差：应答晚上装修吵怎么办" in page
    assert (await stepped(reviewer, place, "publish", remark="原来那条要撤"))[0] == 303


async def test_versions_are_compared_and_restored(people: dict[Role, Visitor], services: Services) -> None:
    editor, unit, reviewer = people.values()
    place = await begun(editor)
    for answer in ("第一种答案。", "第二种答案。"):
        _, page = await editor.get(place)
        revision = re.search(r'name="revision" value="(\d+)"', page)
        assert revision is not None
        await editor.post(place, revision=revision[1], **{**BLANK, **FORM, "answer": answer})
        for who, step in ((editor, "submit"), (unit, "check"), (reviewer, "publish")):
            assert (await stepped(who, place, step))[0] == 303
    for named in ("?old=1&new=2", ""):
        _, page = await editor.get(f"{place}/diff{named}")
        assert "<del>一</del><ins>二</ins>" in page
    await editor.get(place)
    assert (await editor.post(f"{place}/restore", version="1", revision="0"))[0] == 303
    assert await shown_to_citizens(editor) == ["第二种答案。"]
    _, page = await editor.get(place)
    assert "第一种答案。</textarea>" in page


async def test_what_nobody_could_answer_becomes_a_draft_in_one_click(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor = people[Role.EDITOR]
    asked = [("a", "取公积金还房贷要什么材料"), ("b", "取公积金还房贷要啥材料"), ("c", "电动车在哪上牌")]
    await services.questions.keep_unanswered([*asked, asked[0]])
    _, page = await editor.get("/kb/unanswered")
    assert "3次，合成2组" in page
    ids = re.search(r'name="ids" value="([\d,]+)"', page)
    assert ids is not None and ids[1].count(",") == 1
    status, place = await editor.post(
        "/kb/unanswered", ids=ids[1], question=asked[0][1], then="draft", unit=UNIT, near=""
    )
    assert status == 303
    _, page = await editor.get(place)
    assert asked[0][1] in page
    _, page = await editor.get("/kb/unanswered")
    assert "1次，合成1组" in page


async def test_a_file_is_checked_row_by_row_before_anything_is_taken(people: dict[Role, Visitor]) -> None:
    editor = people[Role.EDITOR]

    async def sent(text: str, then: str) -> str:
        await editor.get("/kb/import")
        form = FormData({"form_token": editor.token, "then": then})
        form.add_field("file", text.encode(), filename="a.csv", content_type="text/csv")
        answer = await editor.client.post("/kb/import", data=form, headers=editor.headers())
        return await answer.text()

    head = "external_id,question,answer,source,valid_to\n"
    assert "第3行：question：不能为空" in await sent(f"{head}a,问,答,依据,\nb,,答,依据,\n", "take")
    assert "1条都可以导入" in await sent(f"{head}a,问一问,答,依据,2030-01-01\n", "check")
    assert "已导入1条草稿" in await sent(f"{head}a,问一问,答,依据,2030-01-01\n", "take")
    _, page = await editor.get("/kb?state=draft")
    assert "问一问" in page
    assert await shown_to_citizens(editor) == []


async def said_in_chat(citizen: Visitor, question: str, *, option: str) -> None:
    """Ask in the chat, get an answer and choose what is offered under it, twice."""
    token = (await (await citizen.client.post("/api/chat/sessions")).json())["token"]
    for number, said in enumerate(({"text": question}, {"option": option}, {"option": option})):
        answer = await citizen.client.post(
            "/api/chat/messages",
            json={"id": str(number), **said},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert ((await answer.json())["replies"][0]["kind"] == "answer") is ("text" in said)


@pytest.mark.duty("BD-29", "XA-1b")
async def test_citizens_say_what_is_wrong_and_colleagues_are_told(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor, unit, reviewer = people.values()
    place = await begun(editor)
    for who, step in ((editor, "submit"), (unit, "check"), (reviewer, "publish")):
        await stepped(who, place, step)
    public = place.replace("/kb/articles", "/kb/public")
    answer = await editor.client.post(
        f"{public}/opinion", data={"solved": "no", "text": "地址变了"}, headers=editor.headers()
    )
    assert "已经记下" in await answer.text()
    await services.noted.flush()
    _, page = await editor.get("/kb/corrections")
    assert "地址变了" in page and "市民" in page
    _, page = await editor.get("/kb?list=low")
    assert FORM["question"] in page
    await said_in_chat(editor, FORM["question"], option="solved")
    await services.noted.flush()
    use = (await services.feedback.uses())[public.rpartition("/")[2]]
    assert (use.answered, use.solved, use.unsolved) == (1, 1, 1)  # one in the chat, one on the answer's page
    held = await editor.client.get(f"/api/kb/articles/{public.rpartition('/')[2]}")
    again = await editor.client.get(held.url.path, headers={"If-None-Match": held.headers["ETag"]})
    assert again.status == 304
    suggested = await (await unit.client.get("/api/kb/suggest", params={"text": "示例证丢了"})).json()
    assert suggested["articles"][0]["question"] == FORM["question"] and suggested["tickets"] == []
    assert suggested["articles"][0]["staff_only"] is False


async def test_an_editor_finds_what_to_read_on_by_title_and_citizens_see_it_while_it_is_published(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor, unit, reviewer = people.values()
    other, gone, county = starter_articles(services.settings.city)[:3]
    await services.articles.put([other, gone, replace(county, region="示例县")])
    await services.library.refresh()
    await editor.get("/kb/articles/new")
    typed = {**BLANK, **FORM, "answer": "写到一半", "related": gone.external_id}
    status, page = await editor.post(
        "/kb/articles/new", revision="0", then="find", find=other.question, **typed
    )
    assert status == 200 and "写到一半" in page
    boxes = re.findall(r'name="related" value="([^"]+)"( checked)?', page)
    assert boxes[0] == (gone.external_id, " checked") and (other.external_id, "") in boxes[1:]
    place = await begun(editor, related="\n".join(one.external_id for one in (other, gone, county)))
    for who, step in ((editor, "submit"), (unit, "check"), (reviewer, "publish")):
        await stepped(who, place, step)
    id = place.rpartition("/")[2]

    async def shown() -> list[str]:
        answer = await editor.client.get(f"/api/kb/articles/{id}")
        return [one["question"] for one in (await answer.json())["hits"][0]["related"]]

    assert await shown() == [other.question, gone.question]
    await services.articles.put([replace(gone, status=Status.WITHDRAWN)])
    await services.library.refresh()
    assert await shown() == [other.question]
    _, page = await editor.get(f"/kb/public/{id}")
    assert other.question in page and gone.question not in page and county.question not in page
    _, page = await editor.get(place)
    assert f"{gone.external_id}（现在不对外" in page


async def test_a_form_that_came_back_never_hides_what_another_wrote_meanwhile(
    people: dict[Role, Visitor],
) -> None:
    editor, _, reviewer = people.values()
    place = await begun(editor)
    await reviewer.get(place)
    status, _ = await reviewer.post(place, revision="1", **{**BLANK, **FORM, "answer": "审核员写的"})
    assert status == 303
    for more in ({"then": "find", "find": "示例"}, {"source_seen": "不是日期"}):
        await editor.get(place)
        _, page = await editor.post(place, revision="1", **{**BLANK, **FORM, **more})
        assert 'name="revision" value="1"' in page  # the one that the editor began from
    status, page = await editor.post(place, revision="1", **{**BLANK, **FORM})
    assert status == 409 and "审核员写的" in page


@pytest.mark.duty("BD-29")
async def test_the_days_and_the_articles_used_most_are_told_by_true_numbers(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor = people[Role.EDITOR]
    _, page = await editor.get("/kb/usage")
    assert "这30天还没有人问到" in page
    article = starter_articles(services.settings.city)[0]
    await services.articles.put([article])
    use = Use(answered=3, solved=1, unsolved=2)
    await services.feedback.count({article.id: use, "not-of-this-city": Use(answered=7)})
    await services.pool.execute(
        "INSERT INTO article_uses (article_id, day, answered) SELECT article_id, day - 6, 5 FROM article_uses"
        " WHERE article_id = $1 UNION SELECT article_id, day - 7, 9 FROM article_uses WHERE article_id = $1",
        article.id,
    )
    await services.questions.keep_unanswered([("a", "城市书屋几点关门")])
    [asked] = await services.questions.unanswered(within=timedelta(days=1))
    await services.questions.deal_with([asked.id], "not_ours")  # asked in vain it was all the same
    _, page = await editor.get("/kb/usage?days=7")
    today = services.clock().astimezone(CITY_TIME).date()
    days = [f"{one.month}月{one.day}日" for one in (today - timedelta(days=6 - n) for n in range(7))]
    assert f"回答了8次，{days[0]}最多，5次；没答上来1次" in page and "33%说有用" in page
    rows = re.findall(
        r'<th scope="row">(\d+月\d+日)</th><td class="hy-num">(\d+)</td><td class="hy-num">(\d+)', page
    )
    assert rows[:7] == [(days[0], "5", "0"), *((day, "0", "0") for day in days[1:6]), (days[6], "3", "1")]
    assert f"用得最多的是“{article.question}”" in page and 'data-l="用到">17<' in page


@pytest.mark.duty("PDS-22", "R-ALL-24")
async def test_nothing_unpublished_expired_internal_or_of_another_county_reaches_a_citizen(
    services: Services, aiohttp_client: Any
) -> None:
    """Two writers publish, withdraw, let expire and draft, while citizens ask by every way there is."""
    client = await aiohttp_client(make_app(services))
    city, drafts = services.settings.city, services.drafts
    app = client.app
    assert app is not None
    door = app[DOOR]
    assert isinstance(door, StaffDoor)
    ids = [(await door.accounts.add(f"writer-{one}", Role.REVIEWER, PASSWORD)).id for one in (1, 2)]
    author, other = (Actor(id=id, part=Part.REVIEWER) for id in ids)
    by = Author(via=Via.PAGE, account_id=ids[0])

    def article(number: int, mark: str, **changes: Any) -> Article:
        return Article.drafted(
            city=city, external_id=f"n{number}", question=f"示例路{number}号能停车吗", answer=f"{mark}。",
            source="《示例停车办法》第二条", updated_at=services.clock(), **changes,
        )  # fmt: skip

    async def published(one: Article) -> None:
        held = await drafts.write(one, author, revision=0, by=by)
        for step, who in ((Step.SUBMIT, author), (Step.CHECK, other)):
            await drafts.step(one.id, step, who, revision=held.revision, by=by, remark="函")
        await drafts.publish(one.id, other, revision=held.revision, by=by)

    async def write(number: int) -> None:
        now = services.clock()
        await published(article(number, "可以看"))
        await drafts.write(article(number, "不许看草稿"), author, revision=0, by=by)
        await published(article(100 + number, "不许看过期", valid_from=now - timedelta(days=9), valid_to=now))
        await published(article(200 + number, "不许看外县", region="示例县"))
        await published(article(400 + number, "不许看内部", staff_only=True))
        await published(article(300 + number, "可以看"))
        await drafts.withdraw(article(300 + number, "").id, other, by=by, remark="办法改了")

    async def ask(seen: list[str], stop: asyncio.Event) -> None:
        while not stop.is_set():
            await services.library.refresh()
            hits = (await services.library.search("示例路301号能停车吗", limit=20)).hits
            paths = ["/api/kb/search?q=示例路能停车吗&limit=20", "/api/kb/articles", "/kb/public"]
            paths += [f"/kb/public/{hit.article_id}" for hit in hits]
            paths += [f"{place}/{article(401, '').id}" for place in ("/kb/public", "/api/kb/articles")]
            seen += [await (await client.get(path)).text() for path in paths]

    seen: list[str] = []
    stop = asyncio.Event()
    asking = asyncio.create_task(ask(seen, stop))
    await asyncio.gather(*(write(number) for number in range(6)))
    stop.set()
    await asking
    library = Library(services.articles, city=city, now=services.clock)  # another process, from the start
    await library.load()
    for each in (library, services.library):
        await each.refresh()
        answers = {hit.answer for hit in (await each.search("示例路能停车吗", limit=50)).hits}
        assert answers == {"可以看。"}
        told_staff = (await each.search("示例路能停车吗", limit=50, staff=True)).hits
        assert {hit.answer for hit in told_staff} == {"可以看。", "不许看内部。"}
        named = {hit.answer for hit in (await each.search("示例县的示例路201号能停车吗", limit=50)).hits}
        assert named == {"可以看。", "不许看外县。"}  # to who names the county it is its own
    told = "\n".join(seen)
    assert "不许看" not in told and "可以看" in told


@pytest.mark.duty("PDS-22")
async def test_a_process_that_only_listens_learns_of_every_commit(
    services: Services, gateway_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database tells; the look that is taken without a notice is put off beyond the test."""
    monkeypatch.setattr(freshness, "TOLD_EVERY", 3600.0)
    other = Library(services.articles, city=services.settings.city, now=services.clock)
    heard = asyncio.Event()
    refresh = other.refresh

    async def refreshed() -> int:
        taken = await refresh()
        heard.set()
        return taken

    monkeypatch.setattr(other, "refresh", refreshed)
    chore = asyncio.create_task(freshness.keep_library_fresh(other, gateway_url))
    try:
        one = starter_articles(services.settings.city)[0]
        for status in (Status.PUBLISHED, Status.WITHDRAWN):
            await services.articles.put([replace(one, status=status)])
            async with asyncio.timeout(30):
                while (other.article(one.id) is not None) is not (status is Status.PUBLISHED):
                    heard.clear()
                    await heard.wait()
    finally:
        chore.cancel()


async def test_a_unit_is_reminded_of_what_waits_for_it_and_sees_which_articles(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor, unit, _ = people.values()
    soon = replace(
        starter_articles(services.settings.city)[0],
        unit=UNIT,
        valid_from=None,
        valid_to=services.clock() + timedelta(days=3),
    )
    await services.articles.put([soon])
    assert "没有提醒过" in (await editor.get("/kb/units"))[1]
    assert await services.reminders.remind_all() == 1
    assert await services.reminders.remind_all() == 0  # a week has not gone by
    _, page = await unit.get("/kb/review")
    assert "系统提醒：本单位有0条待核对，1条30天内到期，0条已到期" in page
    assert soon.question in page
    await editor.get("/kb/units")
    assert (await editor.post("/kb/units", unit=UNIT))[1] == "/kb/units?done=lately"
    await services.pool.execute("UPDATE article_reminders SET at = at - interval '2 days'")
    await editor.get("/kb/units")
    assert (await editor.post("/kb/units", unit=UNIT))[1] == "/kb/units?done=reminded"
    _, page = await unit.get("/kb/review")
    assert "中心提醒" in page


@pytest.mark.duty("PDS-22", "BD-29")
async def test_a_unit_is_asked_writes_the_answer_and_a_colleague_checks_it(
    people: dict[Role, Visitor], services: Services, aiohttp_client: Any
) -> None:
    editor, unit, reviewer = people.values()
    door = editor.client.app[DOOR] if editor.client.app else None
    assert isinstance(door, StaffDoor)
    await door.accounts.add("another", Role.UNIT, PASSWORD, unit=UNIT)
    colleague = Visitor(await aiohttp_client(editor.client.app, cookie_jar=jar()), at="/staff")
    assert (await colleague.sign_in("another", PASSWORD))[0] == 303
    await services.questions.keep_unanswered([("a", FORM["question"]), ("b", "示例局不管的事")])
    rows = {row.text: row.id for row in await services.questions.unanswered(within=timedelta(days=1))}
    await editor.get("/kb/unanswered")
    for whom, told in (("没有这个单位", "no_unit"), (services.pack.units[0].name, "handed")):
        form = {"ids": ",".join(map(str, rows.values())), "then": "hand", "unit": whom, "question": "x"}
        assert (await editor.post("/kb/unanswered", **form))[1] == f"/kb/unanswered?done={told}"
    assert len(await services.questions.handed(whom)) == 2
    await services.questions.deal_with([*rows.values()], HANDED, unit=UNIT)
    assert await services.reminders.remind_all() == 1
    _, page = await unit.get("/kb/review")
    assert "本单位有2个问题等着写答案" in page and FORM["question"] in page
    back = {"ids": str(rows["示例局不管的事"]), "question": "示例局不管的事", "then": "back"}
    assert (await unit.post("/kb/asked", **back))[1] == "/kb/review?done=back"
    assert "示例局不管的事" in (await editor.get("/kb/unanswered"))[1]
    taken = {"ids": str(rows[FORM["question"]]), "question": FORM["question"], "then": "draft"}
    await unit.get("/kb/review")
    status, place = await unit.post("/kb/asked", **taken)
    _, page = await unit.get(place)
    assert status == 303 and f'value="{UNIT}" readonly' in page
    place = await begun(unit, unit="别的局")  # what a unit cannot choose is not taken from its form
    working = await services.drafts.find(place.rpartition("/")[2])
    assert working is not None and working.article.unit == UNIT
    assert (await stepped(unit, place, "submit"))[0] == 303
    assert (await stepped(unit, place, "check"))[0] == 422
    assert (await stepped(colleague, place, "check"))[0] == 303
    assert (await stepped(unit, place, "return", remark="再改"))[0] == 422
    assert (await stepped(reviewer, place, "publish"))[0] == 303
    assert await shown_to_citizens(editor) == [FORM["answer"]]
    assert FORM["question"] in (await unit.get("/kb/unit"))[1]
    await services.feedback.correct(place.rpartition("/")[2], 1, "窗口搬了", account_id=None)
    assert "窗口搬了" in (await unit.get("/kb/review"))[1]


async def test_a_unit_neither_sees_nor_writes_what_another_answers_for(
    people: dict[Role, Visitor], services: Services
) -> None:
    _, unit, _ = people.values()
    other = starter_articles(services.settings.city)[0]
    await services.articles.put([other])
    place = f"/kb/articles/{other.id}"
    assert other.question not in (await unit.get("/kb/unit"))[1]
    assert (await unit.get(place))[0] == (await unit.get(f"{place}/trial"))[0] == 404
    await unit.get("/kb/articles/new")
    assert (await unit.post(place, revision="0", **{**BLANK, **FORM}))[0] == 404
    assert await services.drafts.find(other.id) is None


async def test_a_file_of_an_article_is_for_citizens_while_the_article_is_and_never_before(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor, unit, reviewer = people.values()
    place = await begun(editor)
    id = place.rpartition("/")[2]
    citizen = Visitor(editor.client, at="/staff")

    async def put(data: bytes, name: str, revision: str) -> str:
        await editor.get(place)
        form = FormData({"form_token": editor.token, "revision": revision}, quote_fields=False)
        form.add_field("file", data, filename=name, content_type="application/octet-stream")
        headers = editor.headers()
        answer = await editor.client.post(f"{place}/files", data=form, headers=headers, allow_redirects=False)
        return answer.headers["Location"]

    assert await put(b"MZ\0\0 a program", "表.pdf", "1") == f"{place}?done=file"
    assert await put("申请表第一行".encode(), "申请表.txt", "0") == f"{place}?done=file_stale"
    assert await put("申请表第一行".encode(), "申请表.txt", "1") == f"{place}?done=enclosed"
    working = await services.drafts.find(id)
    assert working is not None and [one.title for one in working.article.attachments] == ["申请表.txt"]
    public = working.article.attachments[0].url
    assert (await citizen.client.get(public)).status == 404
    _, text = await unit.get(public.replace("/kb/public/", "/kb/articles/"))
    assert text == "申请表第一行"
    for who, step in ((editor, "submit"), (unit, "check"), (reviewer, "publish")):
        assert (await stepped(who, place, step))[0] == 303
    answer = await citizen.client.get(public)
    assert answer.status == 200 and await answer.text() == "申请表第一行"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert public in await (await citizen.client.get(f"/kb/public/{id}")).text()
    services.files._attachments._clock = lambda: services.clock() + timedelta(days=30)
    await services.files.sweep()
    assert (await citizen.client.get(public)).status == 200
    await stepped(reviewer, place, "withdraw", remark="办法改了")
    assert (await citizen.client.get(public)).status == 404


async def test_an_address_written_into_an_article_never_reaches_what_a_citizen_sent(
    people: dict[Role, Visitor], services: Services
) -> None:
    editor, unit, reviewer = people.values()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"mine alone"

    theirs = await services.files.keep(chunks(), name="a.txt", owner="a-citizen")
    place = await begun(editor)
    public = f"{place.replace('/kb/articles/', '/kb/public/')}/files/{theirs.id}"
    await editor.get(place)
    values = {**BLANK, **FORM, "attachments": f"表 {public}"}
    assert (await editor.post(place, revision="1", **values))[0] == 303
    for who, step in ((editor, "submit"), (unit, "check"), (reviewer, "publish")):
        assert (await stepped(who, place, step))[0] == 303
    assert (await editor.client.get(public)).status == 404
