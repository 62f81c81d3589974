"""One citizen's words travel the whole way, on really started parts; nothing is replaced."""

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from gateway.doctor import IN_ORDER
from groundwork.settings import PROJECT
from hotline.calendar import CITY_TIME
from tests.e2e.citizen import Browser, Citizen, Dispatcher, by_kind, eventually
from tests.e2e.system import System

COMPLAINT = "我们小区旁边有人占道经营，天天把路堵死，没人管，我要投诉"


@pytest.fixture
def citizen(system: System) -> Citizen:
    return Citizen(system.gateway_url)


@pytest.fixture
def dispatcher(system: System) -> Dispatcher:
    return Dispatcher(system.desk_url, "dispatcher", system.password("desk", "dispatcher"))


def file_complaint(citizen: Citizen) -> dict[str, Any]:
    """Tell a complaint over several turns and confirm it; returns the receipt."""
    replies = citizen.say(COMPLAINT)
    replies = answer_questions(citizen, replies)
    by_kind(replies, "summary")
    return dict(by_kind(citizen.say(option="confirm"), "ticket")["ticket"])


def answer_questions(citizen: Citizen, replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer what is asked until the summary comes."""
    answers = ["示例路和样例街交叉口，菜市场门口", "每天早上六点到九点", "13900000000", "样例先生"]
    while answers and replies[-1]["kind"] == "clarify":
        replies = citizen.say(answers.pop(0))
    return replies


@pytest.mark.duty("PDS-8A")
def test_a_consultation_is_answered_with_its_source(citizen: Citizen) -> None:
    answer = by_kind(citizen.say("给市长信箱写信，多久能有回复？"), "answer")
    (source,) = answer["sources"]
    assert "平政办〔2022〕2号" in source["source"] and "第十四条" in source["source"]
    assert source["version"] >= 1
    assert "10个工作日" in answer["text"]


@pytest.mark.duty("ALL-4", "BD-13")
def test_a_ticket_is_urged_rated_and_taken_back_by_number_and_code_once_each(
    citizen: Citizen, dispatcher: Dispatcher
) -> None:
    ticket = file_complaint(citizen)
    number, code = ticket["number"], ticket["query_code"]

    def act(what: str, key: str = "", **more: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return citizen.browser.post_json(
            f"/api/tickets/{number}/{what}", {"query_code": code} | more, headers
        )

    urged = act("urges", key="u1", text="都三天了")
    assert urged.status == 201 and number in by_kind(urged.json()["replies"], "notice")["text"]
    assert act("urges", key="u1", text="都三天了").json() == urged.json(), "the same again is done once"
    assert act("urges", key="u1", text="别的话").status == 409
    rated = act("ratings", grade=2, reason="太慢", solved="no")
    assert rated.status == 201 and by_kind(rated.json()["replies"], "rating")
    wrongs: tuple[dict[str, Any], ...] = (
        {},
        {"grade": 0},
        {"grade": 6},
        {"grade": "5"},
        {"grade": True},
        {"grade": 5, "solved": "so"},
    )
    assert {act("ratings", **wrong).status for wrong in wrongs} == {422}
    taken = act("withdrawals", reason="已经好了")
    assert taken.status == 201 and "撤回" in by_kind(taken.json()["replies"], "notice")["text"]
    assert by_kind(act("urges").json()["replies"], "clarify"), "nothing is owed on what was taken back"
    stranger = citizen.browser.post_json(f"/api/tickets/{number}/urges", {"query_code": "AAAAAA"})
    assert stranger.status == 404

    status = citizen.browser.post_json("/api/progress", {"number": number, "query_code": code}).json()
    assert status["state"] == "withdrawn"
    page = eventually(lambda: "市民撤回" in (text := dispatcher.case(number).text) and text)
    assert page.count("市民催办") == 1 and "都三天了" in page and "市民评价：2分，没有解决，太慢" in page


@pytest.mark.duty("ALL-4", "BD-13")
def test_the_progress_page_urges_adds_rates_and_takes_back_without_a_script(
    citizen: Citizen, dispatcher: Dispatcher
) -> None:
    ticket = file_complaint(citizen)
    number, code = ticket["number"], ticket["query_code"]

    def act(do: str, **more: str) -> Any:
        return citizen.browser.post_form("/progress/act", number=number, query_code=code, do=do, **more)

    assert "催一催" in citizen.browser.post_form("/progress", number=number, query_code=code).text
    assert (
        "已经催办" in act("urge", text="", id="same").text
        and "已经催办" in act("urge", text="", id="same").text
    )
    nothing, ungraded = act("add", text="  "), act("rate", text="还行吧")
    assert nothing.status == ungraded.status == 422
    assert (
        "请写下要补充的情况" in nothing.text
        and "请先选一个评价" in ungraded.text
        and "还行吧" in ungraded.text
    )
    assert act("dance").status == 422
    assert "又堵上了" not in act("add", text="早上又堵上了").text
    assert "您的评价已经记下" in act("rate", grade="4", text="还行").text
    taken = act("withdraw", text="")
    assert "已经撤回" in taken.text and "催一催" not in taken.text
    wrong = citizen.browser.post_form("/progress/act", number=number, query_code="AAAAAA", do="urge")
    assert wrong.status == 404 and "对不上" in wrong.text
    page = eventually(lambda: "市民撤回" in (text := dispatcher.case(number).text) and text)
    assert page.count("市民催办") == 1 and "早上又堵上了" in page and "市民评价：4分，还行" in page


def test_a_question_nobody_wrote_an_answer_to_is_not_answered(citizen: Citizen) -> None:
    replies = citizen.say("请问办理护照需要带哪些材料？")
    clarify = by_kind(replies, "clarify")
    assert {option["id"] for option in clarify["options"]} >= {"file", "human"}
    assert not any(reply["kind"] == "answer" for reply in replies)


@pytest.mark.duty("PDS-3", "PDS-8B", "ALL-3", "ALL-4")
def test_a_complaint_told_over_several_turns_becomes_one_ticket_signed_at_the_desk(
    citizen: Citizen, dispatcher: Dispatcher, system: System
) -> None:
    first = citizen.say(COMPLAINT)
    assert first[-1]["kind"] == "clarify"
    summary = by_kind(answer_questions(citizen, first), "summary")
    facts = {field["name"]: field["value"] for field in summary["summary"]["fields"]}
    assert "占道经营" in facts["what"] and "菜市场" in facts["place"] and facts["phone"] == "139****0000"

    id = uuid.uuid4().hex
    confirmed = citizen.replies(id, {"option": "confirm"})
    ticket = by_kind(confirmed, "ticket")["ticket"]
    assert ticket["kind"] == "complaint" and ticket["class"] == "B"
    assert "指挥中心" in ticket["lead_unit"]
    (finish,) = [due for due in ticket["due"] if due["what"] == "finish"]
    assert "第八条" in finish["article"]
    at = datetime.fromisoformat(finish["at"]).astimezone(CITY_TIME)
    assert (at.hour, at.minute, at.second) == (23, 59, 59)
    assert [day["count"] for day in finish["days"] if day["count"]] == [1, 2, 3, 4, 5]

    assert citizen.replies(id, {"option": "confirm"}) == confirmed, "a retry says the same and does nothing"
    number, code = ticket["number"], ticket["query_code"]
    page = eventually(lambda: (found := dispatcher.case(number)).status == 200 and found.text)
    assert "占道经营" in page and "菜市场" in page and "第八条" in page
    assert "13900000000" not in page, "a phone number is shown masked until somebody asks for it"
    before = citizen.progress(number, code).json()
    assert not any(step["name"] == "signed" for step in before["steps"])
    assert dispatcher.sign(number).status == 200
    after = eventually(
        lambda: (found := citizen.progress(number, code).json())["state"] == "signed" and found
    )
    assert [step["name"] for step in after["steps"]].count("signed") == 1
    assert dispatcher.browser.get("/").text.count(f"/cases/{number}") == 1


@pytest.mark.duty("ALL-4")
def test_a_wrong_code_and_an_unknown_number_read_the_same(citizen: Citizen) -> None:
    ticket = file_complaint(citizen)
    wrong = citizen.progress(ticket["number"], "000000")
    unknown = citizen.progress("20260101ABCDEFGHJ", ticket["query_code"])
    assert (wrong.status, wrong.json()) == (unknown.status, unknown.json()) and wrong.status == 404


@pytest.mark.duty("PDS-4", "ALL-1")
def test_a_matter_already_in_court_is_refused_with_article_reason_and_route(citizen: Citizen) -> None:
    refusal = by_kind(citizen.say("我和邻居的案子法院已经判了我败诉，我不服，你们让法院改判"), "refusal")
    citation = refusal["citation"]
    assert "平顶山市民呼必应工作规则" in citation["instrument"] and "第四条" in citation["article"]
    assert citation["reason"] and citation["route"]["name"] and citation["route"]["how"]
    assert "review" in {option["id"] for option in refusal["options"]}


@pytest.mark.duty("ALL-1")
def test_a_person_looks_again_at_a_refusal(citizen: Citizen) -> None:
    citizen.say("我和邻居的案子法院已经判了我败诉，我不服，你们让法院改判")
    assert citizen.say(option="review")[-1]["kind"] == "clarify"
    handover = by_kind(citizen.say("13900000000"), "handover")
    assert handover["ticket"]["number"]


def emergency_of(replies: list[dict[str, Any]]) -> Mapping[str, Any]:
    assert replies[0]["kind"] == "emergency", [(reply["kind"], reply["text"]) for reply in replies]
    call: Mapping[str, Any] = replies[0]["call"]
    assert call["number"] == "119"
    return call


@pytest.mark.duty("PDS-8D", "ALL-1")
def test_fire_is_answered_with_119_first_at_the_start(citizen: Citizen, dispatcher: Dispatcher) -> None:
    replies = citizen.say("我家楼下着火了")
    emergency_of(replies)
    ticket = by_kind(replies, "ticket")["ticket"]
    assert ticket["class"] == "D"
    assert replies.index(by_kind(replies, "ticket")) == 1
    assert eventually(lambda: dispatcher.case(ticket["number"]).status == 200)


def test_fire_is_heard_in_the_middle_of_a_dialogue_which_then_goes_on(citizen: Citizen) -> None:
    assert citizen.say(COMPLAINT)[-1]["kind"] == "clarify"
    replies = citizen.say("我家楼下着火了")
    emergency_of(replies)
    first = by_kind(replies, "ticket")["ticket"]["number"]
    again = citizen.say("样例小区3号楼")
    assert first in by_kind(again, "notice")["text"], "the place goes to the ticket of the fire"
    replies = answer_questions(citizen, again)
    by_kind(replies, "summary")
    assert by_kind(citizen.say(option="confirm"), "ticket")["ticket"]["number"] != first


@pytest.mark.duty("ALL-3")
def test_the_same_fire_told_twice_is_one_ticket(citizen: Citizen) -> None:
    by_kind(citizen.say("我家楼下着火了"), "ticket")
    again = citizen.say("着火了快来人啊，火很大")
    emergency_of(again)
    assert not any(reply["kind"] == "ticket" for reply in again)


@pytest.mark.duty("ALL-3")
def test_the_same_id_again_changes_nothing_and_another_body_is_a_conflict(citizen: Citizen) -> None:
    id = uuid.uuid4().hex
    once = citizen.replies(id, {"text": "你好"})
    assert citizen.replies(id, {"text": "你好"}) == once
    assert citizen.send(id, text="再见").status == 409


def test_the_chat_page_works_without_javascript(system: System) -> None:
    browser = Browser(system.gateway_url)
    page = browser.get("/chat")
    assert page.status == 200 and "<form" in page.text
    assert browser.get("/").status == 200 and browser.get("/progress").status == 200


def test_operations_answer(system: System) -> None:
    browser = Browser(system.gateway_url)
    assert browser.get("/healthz").status == 200
    assert browser.get("/readyz").json()["degraded"] == []
    assert "huying_messages_total" in browser.get("/metrics").text
    assert "/api/chat/messages" in browser.get("/api/openapi.json").json()["paths"]
    assert Browser(system.desk_url).get("/readyz").status == 200
    argv = [sys.executable, "-P", "-m", "gateway", "doctor"]
    told = subprocess.run(
        argv, cwd=PROJECT, env=system.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, f"{IN_ORDER}\n", "")


@pytest.mark.duty("BD-35")
def test_no_words_of_a_citizen_reach_the_logs(citizen: Citizen, system: System) -> None:
    word = "豌豆射手" + uuid.uuid4().hex[:6]
    citizen.say(f"我要投诉{word}小区的物业，电话13812345678")
    eventually(lambda: citizen.say("你好"))
    said = system.logs()
    assert said and word not in said and "13812345678" not in said


# Faults: parts are stopped and killed, nothing is lost and nothing is done twice.


def test_with_rasa_stopped_fire_is_heard_and_complaints_are_understood(
    citizen: Citizen, system: System
) -> None:
    system.signal("rasa", signal.SIGSTOP)
    try:
        emergency_of(citizen.say("我家楼下着火了"))
        began = time.monotonic()
        other = Citizen(system.gateway_url)
        assert other.say(COMPLAINT)[-1]["kind"] == "clarify"
        assert time.monotonic() - began < 4.5
    finally:
        system.signal("rasa", signal.SIGCONT)


@pytest.mark.duty("ALL-2")
def test_a_gateway_killed_between_admission_and_settling_loses_nothing(system: System) -> None:
    citizen = Citizen(system.gateway_url)
    id = uuid.uuid4().hex
    with system.settling_held(citizen):  # admission goes through, settling waits for the conversation's lock
        answer = citizen.send(id, text="你好")
        assert answer.status == 202 and answer.json() == {"replies": []}
        system.kill("gateway")
    system.wait_restarted("gateway")
    replies = citizen.replies(id, {"text": "你好"})
    assert len(replies) == 1 and citizen.replies(id, {"text": "你好"}) == replies


@pytest.mark.duty("ALL-3")
def test_a_worker_killed_in_the_middle_of_a_delivery_delivers_once_in_effect(
    citizen: Citizen, dispatcher: Dispatcher, system: System
) -> None:
    system.signal("desk", signal.SIGSTOP)  # the delivery hangs in its request
    try:
        number = file_complaint(citizen)["number"]
        eventually(lambda: system.count("SELECT count(*) FROM pgqueuer WHERE status = 'picked'"))
        system.kill("worker")
    finally:
        system.signal("desk", signal.SIGCONT)
    system.wait_restarted("worker")
    eventually(lambda: dispatcher.case(number).status == 200)
    eventually(lambda: not system.count("SELECT count(*) FROM effects WHERE done_at IS NULL"))
    assert dispatcher.browser.get("/").text.count(f"/cases/{number}") == 1
