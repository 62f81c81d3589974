"""A letter travels the whole way, on really started parts: answered, refused or filed, in the ledger always."""

import io
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from openpyxl import load_workbook

from groundwork.settings import PREFIX, PROJECT
from hotline.calendar import CITY_TIME
from tests.e2e.citizen import Answered, Browser, Citizen, Dispatcher, by_kind, eventually
from tests.e2e.system import System
from tests.e2e.test_dialogue import listed, said_in
from tests.samples import an_image, an_office_file

File: TypeAlias = tuple[str, bytes]
COMPLAINT = {
    "subject": "菜市场门口占道经营", "body": "每天早上有人占道经营，把路都堵死了，救护车都进不来，请管一管。",
    "kind": "complaint", "place": "示例路菜市场门口", "name": "样例先生", "phone": "13900000000", "public": "true",
}  # fmt: skip
QUESTION = {
    "subject": "给市长信箱写信，多久能有回复？",
    "body": "给市长信箱写信，多久能有回复？",
    "kind": "consultation",
}
JUDGED = {"subject": "请法院改判", "body": "法院已经判我败诉，我不服，你们让法院改判。", "kind": "complaint"}
FIRE = {"subject": "着火了", "body": "我家楼下着火了，快来人。"}

SCRIPTS = Path(__file__).parents[1] / "conversations" / "letters.yaml"
LETTERS = [
    script
    for script in yaml.safe_load(SCRIPTS.read_text(encoding="utf-8"))
    if script["city"] == "pingdingshan"
]


@pytest.fixture
def browser(system: System) -> Browser:
    return Browser(system.gateway_url)


def letter(
    browser: Browser, values: Mapping[str, str], files: Sequence[File] = (), *, key: str = ""
) -> Answered:
    """Send a letter as a program does: one multipart form, made by hand."""
    boundary = uuid.uuid4().hex
    out = io.BytesIO()
    for name, value in values.items():
        out.write(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        )
    for name, content in files:
        out.write(
            f'--{boundary}\r\nContent-Disposition: form-data; name="attachment"; filename="{name}"\r\n\r\n'.encode()
        )
        out.write(content + b"\r\n")
    out.write(f"--{boundary}--\r\n".encode())
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"} | (
        {"Idempotency-Key": key} if key else {}
    )
    return browser.ask("POST", "/api/mailbox/letters", data=out.getvalue(), headers=headers)


def sent(browser: Browser, values: Mapping[str, str], files: Sequence[File] = ()) -> dict[str, Any]:
    """Send a letter until it is settled."""
    key = uuid.uuid4().hex
    answer = eventually(
        lambda: (a := letter(browser, values, files, key=key)).status in (201, 422, 413) and a
    )
    assert answer.status == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def problem(answer: Answered, status: int) -> dict[str, str]:
    assert answer.status == status, answer.text
    return {error["field"]: error["detail"] for error in answer.json()["errors"]}


def progress(browser: Browser, one: Mapping[str, Any]) -> dict[str, Any]:
    answer = browser.post_json("/api/progress", {"number": one["number"], "query_code": one["query_code"]})
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def added(browser: Browser, one: Mapping[str, Any], line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Do with the letter ``one`` what a line of a script says; returns what is said to it."""
    if "add" in line:
        what, more = "supplements", {"text": line["add"]}
    else:
        what, about = {"urge": ("urges", "text"), "withdraw": ("withdrawals", "reason"), "rate": ("ratings", "reason")}[
            line["act"]
        ]  # fmt: skip
        more = {about: line.get("say", "")} | ({"grade": line["grade"]} if "grade" in line else {})
    body = {"id": uuid.uuid4().hex, "query_code": one["query_code"], **more}
    path = f"/api/tickets/{one['number']}/{what}"
    answer = eventually(lambda: (a := browser.post_json(path, body)).status == 201 and a)
    found: list[dict[str, Any]] = answer.json()["replies"]
    return found


def test_ten_letters_are_played() -> None:
    assert len(LETTERS) >= 10


@pytest.mark.duty("R-ALL-10")
@pytest.mark.parametrize("script", LETTERS, ids=[script["name"] for script in LETTERS])
def test_the_letter_goes_as_scripted_on_the_running_system(script: dict[str, Any], browser: Browser) -> None:
    one: dict[str, Any] = {}
    filed: list[dict[str, Any]] = []
    for line in script["talk"]:
        if "letter" in line:
            one = sent(browser, line["letter"])
        replies = one["replies"] if "letter" in line else added(browser, one, line)
        seen = f"{line}\n---\n{said_in(replies)}"
        if "kinds" in line:
            assert [reply["kind"] for reply in replies] == listed(line["kinds"]), seen
        assert all(words in said_in(replies) for words in listed(line.get("has", []))), seen
        assert not any(words in said_in(replies) for words in listed(line.get("lacks", []))), seen
        tickets = [reply["ticket"] for reply in replies if reply.get("ticket")]
        assert len(tickets) == line.get("files_tickets", 0), seen
        filed += tickets
    assert (progress(browser, one)["letter"] == "ticket") == bool(filed)
    assert all(progress(browser, ticket)["number"] == ticket["number"] for ticket in filed)


@pytest.mark.duty("PDS-3", "PDS-14", "R-PDS-1")
def test_a_letter_becomes_a_ticket_with_the_mailbox_s_clock_and_reaches_the_desk(
    browser: Browser, system: System
) -> None:
    found = sent(
        browser,
        COMPLAINT,
        [("照片.jpg", an_image("JPEG")), ("材料.docx", an_office_file("word/document.xml"))],
    )
    ticket = by_kind(found["replies"], "ticket")["ticket"]
    assert (ticket["number"], ticket["query_code"]) == (found["number"], found["query_code"])
    (finish,) = [due for due in ticket["due"] if due["what"] == "finish"]
    assert "第十四条" in finish["article"]
    assert [day["count"] for day in finish["days"] if day["count"]] == list(range(1, 11))
    at = datetime.fromisoformat(finish["at"]).astimezone(CITY_TIME)
    assert (at.hour, at.minute, at.second) == (23, 59, 59)

    dispatcher = Dispatcher(system.desk_url, "dispatcher", system.password("desk", "dispatcher"))
    page = eventually(lambda: (a := dispatcher.case(found["number"])).status == 200 and a.text)
    assert "菜市场门口占道经营" in page and "市长信箱" in page and "同意公布" in page
    assert page.count(f"/cases/{found['number']}/files/") == 2
    assert "139****0000" in page and "13900000000" not in page
    assert progress(browser, found)["letter"] == "ticket"


@pytest.mark.duty("ALL-4")
def test_an_answered_letter_has_a_number_and_becomes_a_ticket_under_it(browser: Browser) -> None:
    found = sent(browser, QUESTION)
    assert "第十四条" in by_kind(found["replies"], "answer")["sources"][0]["source"]
    state = progress(browser, found)
    assert (state["state"], state["letter"]) == ("answered", "answered") and state["due"] == []
    path = f"/api/tickets/{found['number']}/supplements"
    assert browser.post_json(path, {"query_code": "AAAAAA", "text": "没有解决"}).status == 404
    added = browser.post_json(
        path, {"query_code": found["query_code"], "text": "没有解决，我问的是上个月的信。"}
    )
    assert added.status == 201, added.text
    ticket = by_kind(added.json()["replies"], "ticket")["ticket"]
    assert (ticket["number"], ticket["query_code"]) == (found["number"], found["query_code"])
    state = progress(browser, found)
    assert (state["state"], state["letter"]) != ("answered", "answered") and state["due"]
    again = browser.post_json(path, {"query_code": found["query_code"], "text": "还有一句。"})
    assert by_kind(again.json()["replies"], "notice")["text"]


@pytest.mark.duty("PDS-4", "ALL-1")
def test_a_refused_letter_shows_article_and_route_and_a_person_may_look(
    browser: Browser, system: System
) -> None:
    found = sent(browser, JUDGED)
    refusal = by_kind(found["replies"], "refusal")
    assert refusal["citation"]["article"] and refusal["citation"]["route"]["name"]
    assert system.count(f"SELECT count(*) FROM tickets WHERE number = '{found['number']}'") == 0
    page = browser.post_form("/progress", number=found["number"], query_code=found["query_code"]).text
    assert "请人工复核" in page
    receipt = browser.post_form(
        "/mailbox/receipt", number=found["number"], query_code=found["query_code"], option="review", id="x1"
    )
    assert receipt.status == 200 and found["number"] in receipt.text
    assert system.count(f"SELECT count(*) FROM tickets WHERE number = '{found['number']}'") == 1


@pytest.mark.duty("PDS-8D", "ALL-1")
def test_a_danger_comes_first_and_is_filed_at_once(browser: Browser) -> None:
    found = sent(browser, FIRE)
    assert [reply["kind"] for reply in found["replies"]] == ["emergency", "ticket"]
    assert found["replies"][0]["call"]["number"] == "119"
    assert found["replies"][1]["ticket"]["number"] == found["number"]


@pytest.mark.duty("ALL-3")
def test_the_same_letter_under_the_same_key_is_one_and_another_is_a_conflict(
    browser: Browser, system: System
) -> None:
    key, files = uuid.uuid4().hex, [("照片.png", an_image("PNG"))]
    before = system.count("SELECT count(*) FROM letters")
    answers = [letter(browser, COMPLAINT, files, key=key) for _ in range(3)]
    assert {answer.status for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert letter(browser, COMPLAINT | {"body": "别的事"}, files, key=key).status == 409
    assert letter(browser, COMPLAINT, key=key).status == 409
    assert system.count("SELECT count(*) FROM letters") == before + 1


def test_what_is_wrong_is_told_and_nothing_of_it_is_kept(browser: Browser, system: System) -> None:
    files_dir = system.state / "files"

    def kept() -> tuple[int, int, int]:
        files = [path for path in files_dir.rglob("*") if path.is_file()] if files_dir.exists() else []
        return (
            system.count("SELECT count(*) FROM attachments"),
            system.count("SELECT count(*) FROM letters"),
            len(files),
        )

    before, photo = kept(), ("照片.png", an_image("PNG", size=(33, 33)))
    told = problem(letter(browser, COMPLAINT, [photo, ("录像.mp4", b"\x00" * 30 * 1024 * 1024)]), 413)
    assert told["attachment"].startswith("“录像.mp4”有30兆，太大了")
    told = problem(letter(browser, COMPLAINT, [photo, ("好看.png", b"MZ\x90\x00\x03" * 100)]), 422)
    assert "“好看.png”的内容和它的名字不一样" in told["attachment"]
    told = problem(letter(browser, COMPLAINT | {"subject": ""}, [photo]), 422)
    assert told["subject"].startswith("请写一个标题")
    assert set(problem(letter(browser, COMPLAINT | {"body": " "}, [photo]), 422)) == {"body"}
    assert kept() == before


def test_a_photo_of_the_chat_goes_into_the_ticket(system: System, browser: Browser) -> None:
    citizen = Citizen(system.gateway_url)
    boundary = uuid.uuid4().hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="路灯.png"\r\n\r\n'.encode()
        + an_image("PNG")
        + f"\r\n--{boundary}--\r\n".encode()
    )
    headers = {
        "Authorization": f"Bearer {citizen.token}",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
    }
    stored = browser.ask("POST", "/api/chat/attachments", data=body, headers=headers)
    assert stored.status == 201 and stored.json()["type"] == "image/png"
    replies = citizen.say("我家楼下着火了，快来人", attachments=[stored.json()["id"]])
    assert by_kind(replies, "ticket")["ticket"]["number"]
    id = stored.json()["id"]
    assert system.count(f"SELECT count(message_id) FROM attachments WHERE id = '{id}'") == 1


@pytest.mark.duty("PDS-14")
def test_the_ledger_holds_every_letter_with_what_became_of_it(
    browser: Browser, system: System, tmp_path: Path
) -> None:
    filed, answered, refused = (sent(browser, values) for values in (COMPLAINT, QUESTION, JUDGED))
    secret = sent(browser, COMPLAINT | {"confidential": "true"})
    out = tmp_path / "ledger.xlsx"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gateway", "ledger", "export", "--city", "pingdingshan", "--out", str(out)],
        cwd=PROJECT, env={**os.environ, **system.env, f"{PREFIX}CITY": "pingdingshan"}, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sheet = load_workbook(out).active
    assert sheet is not None
    head, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    found = {row[0]: dict(zip(map(str, head), row, strict=True)) for row in rows}
    assert found[filed["number"]]["处理结果"] == "转承办单位" and "第十四条" in found[filed["number"]]["依据"]
    assert found[answered["number"]]["处理结果"] == "按公布的答案答复"
    assert found[refused["number"]]["处理结果"] == "告知不予受理和途径"
    assert "占道" not in str(found[secret["number"]].values()) and found[secret["number"]]["保密"] == "是"
    text = str(rows)
    assert "样例先生" not in text and "13900000000" not in text
    assert len(rows) == system.count("SELECT count(*) FROM letters")
