"""Every error as something its reader can act on: a page for people, a problem document for programs."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

from dispatch_desk.web.look import LOOK
from groundwork.problems import ProblemError, problem
from hotline.errors import StorageAwayError

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

TITLES = {
    403: "您的账号不能做这件事，请联系管理员。",
    404: "没有这个页面或工单，请核对地址或单号。",
    405: "这个地址不支持这样的请求。",
    413: "内容太大，请减小后再发。",
    500: "系统出了问题，请过几分钟再试。",
    503: "数据库暂时连不上，刚才的操作没有生效，请过一会儿再试。",
}
NAMES = {
    403: "forbidden",
    404: "not-found",
    405: "method",
    413: "too-large",
    500: "internal",
    503: "storage-away",
}


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler raises into an answer."""
    try:
        return await handler(request)
    except ProblemError as error:
        return error.response()
    except StorageAwayError:
        log.warning("storage.away")
        return said(request, 503, headers={"Retry-After": "5"})
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return said(request, error.status)
    except Exception:
        log.exception("request.failed", extra={"path": _route(request)})
        return said(request, 500)


def said(request: web.Request, status: int, *, headers: dict[str, str] | None = None) -> web.Response:
    """Return the error ``status`` in the form that the asker reads."""
    title = TITLES.get(status, "请求不能处理，请核对后再试。")
    if not _reads_pages(request):
        return problem(status, NAMES.get(status, "request"), title, headers=headers)
    response = request.app[LOOK].page("said.html", status=status, title=title)
    response.headers.update(headers or {})
    return response


def _reads_pages(request: web.Request) -> bool:
    return not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""
