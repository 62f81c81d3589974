"""Every view of the citizens' pages: how a browser comes to it on the canned site, and which routes it shows."""

from dataclasses import dataclass
from typing import TypeAlias

from tests.web.fake_app import CODE, HIT, NUMBER

Step: TypeAlias = tuple[str, ...]  #: what to do and with what, as ``kit.mjs`` reads it


@dataclass(frozen=True, slots=True)
class View:
    """One state of one page."""

    name: str
    routes: frozenset[str]  #: method and path, as the router writes it
    steps: tuple[Step, ...]


def view(name: str, routes: str, *steps: Step) -> View:
    """Return a view; its routes stand in one line, parted by commas."""
    return View(name, frozenset(routes.split(", ")), steps)


def said(text: str, kind: str) -> tuple[Step, ...]:
    """Return the steps that say something on the chat page and wait for a reply of that kind."""
    return (
        ("go", "/chat"),
        ("fill", "#say", text),
        ("click", "form.hy-compose .hy-btn--main"),
        ("wait", f"li[data-kind={kind}]"),
    )


def proved(code: str = CODE) -> tuple[Step, ...]:
    """Return the steps that ask where the ticket stands."""
    return (
        ("go", "/progress"),
        ("fill", "#number", NUMBER),
        ("fill", "#code", code),
        ("click", "form:has(#code) .hy-btn--main"),
    )


def letter(body: str) -> tuple[Step, ...]:
    """Return the steps that write a letter and send it."""
    return (
        ("go", "/mailbox"),
        ("check", "[name=kind][value=complaint]"),
        ("fill", "#subject", "路灯坏了"),
        ("fill", "#body", body),
        ("fill", "#name", "样例先生"),
        ("fill", "#phone", "13900000000"),
        ("click", "text=提交来信"),
    )


TALK = "GET /chat, POST /chat, POST /chat/say, GET /chat/ws"
VIEWS = (
    view("portal", "GET /", ("go", "/")),
    view("care mode chosen", "POST /mode", ("go", "/"), ("click", "text=/(关怀|标准)版$/"), ("click", "text=/(关怀|标准)版$/")),
    view("chat", "GET /chat", ("go", "/chat")),
    view("chat files and more", "POST /chat/files, GET /chat/transcript", ("go", "/chat"), ("click", ".hy-more summary"),
         ("wait", "a[href='/chat/transcript']")),
    view("chat in a frame", "GET /chat/embed", ("go", "/chat/embed")),
    view("chat answer", TALK, *said("身份证丢了", "answer")),
    view("chat refusal", TALK, *said("法院判错了", "refusal")),
    view("chat emergency", TALK, *said("有煤气味", "emergency")),
    view("chat danger asked about", TALK, *said("有烟味", "clarify")),
    view("chat clarify", TALK, *said("工地施工太吵", "clarify")),
    view("chat summary", TALK, *said("晚上也吵", "summary")),
    view("chat ticket", TALK, *said("晚上也吵", "summary"), ("click", "text=确认提交"), ("wait", "li[data-kind=ticket]")),
    view("mailbox", "GET /mailbox", ("go", "/mailbox")),
    view("mailbox errors", "POST /mailbox, GET /mailbox/letters/{id}", ("go", "/mailbox"), ("click", "text=提交来信"), ("wait", ".hy-errsum")),
    view("mailbox receipt", "POST /mailbox", *letter("路灯坏了三天，请修一修。"), ("wait", "[data-sent]")),
    view("mailbox answered", "POST /mailbox", *letter("身份证丢了怎么办"), ("wait", "text=没解决")),
    view("mailbox answer refused", "POST /mailbox/receipt", *letter("身份证丢了怎么办"), ("click", "text=没解决"), ("wait", "#r2")),
    view("progress", "GET /progress", ("go", "/progress")),
    view("progress wrong", "POST /progress", *proved("AAAAAA"), ("wait", "#code-e")),
    view("progress timeline", "POST /progress, GET /progress/{number}", *proved(), ("wait", "#p2")),
    view("progress remembered", "POST /progress/mine", *proved(), ("go", "/progress"), ("click", "text=在这台设备上记30天"), ("wait", "text=最多记30天")),
    view(
        "progress acted", "POST /progress/act, GET /progress/seen/{id}", *proved(), ("click", "text=补充情况"), ("fill", "#t-add", "昨晚又施工了"),
        ("click", "text=提交补充"), ("wait", "main [role=status]"),
    ),
    view(
        "progress act lacks", "POST /progress/act", *proved(), ("click", "text=补充情况"), ("click", "text=提交补充"),
        ("wait", "[role=alert]"),
    ),
    view("receipt", "POST /progress/receipt", *proved(), ("click", "text=受理回执，可以打印"), ("wait", ".hy-qr")),
    view("answers", "GET /kb/public", ("go", "/kb/public")),
    view("answers by category", "GET /kb/public", ("go", "/kb/public"), ("click", "text=按分类看"), ("wait", ".hy-tags a")),
    view("answers searched", "POST /kb/public", ("go", "/kb/public"), ("fill", "#q", "身份证丢了"), ("click", ".hy-ask .hy-btn--main"), ("wait", "text=查到的问题")),
    view("answers without", "POST /kb/public", ("go", "/kb/public"), ("fill", "#q", "地铁几点"), ("click", ".hy-ask .hy-btn--main"), ("wait", "text=没有找到这个问题的答案")),
    view("answer", "GET /kb/public/{id}", ("go", f"/kb/public/{HIT.article_id}")),
    view("answer thought of", "POST /kb/public/{id}/opinion", ("go", f"/kb/public/{HIT.article_id}"), ("click", "text=/^有用$/"), ("wait", "[role=status]")),
    view("promises", "GET /promises", ("go", "/promises")),
    view("news", "GET /news", ("go", "/news")),
    view("polls", "GET /polls", ("go", "/polls")),
    view("poll lacks", "GET /polls/{id}, POST /polls/{id}", ("go", "/polls/1"), ("click", "text=提交"), ("wait", "[role=alert]")),
    view("privacy", "GET /privacy", ("go", "/privacy")),
    view("accessibility", "GET /accessibility", ("go", "/accessibility")),
    view("missing", "", ("go", "/nothing-here")),
)  # fmt: skip
