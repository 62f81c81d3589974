"""What a request that failed is told: a problem document for programs, a plain page for people."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Middleware

from channels.base import FieldError, ForgedError, TooLongError
from channels.multipart import FormRefusedError
from gateway.web.faults import problem_of_form
from gateway.web.open311 import PREFIX as OPEN311
from gateway.web.open311 import open311_errors
from gateway.web.rendering import Pages
from groundwork.problems import ProblemError
from hotline.errors import HotlineError, KeyReusedError, NotAMessageError

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

PROBLEM = "application/problem+json"
STORED: web.RequestKey[bool] = web.RequestKey("stored", bool)  #: set once the citizen's words are safe
RETRY_AFTER = {"Retry-After": "5"}

_BY_STATUS = {
    400: ("bad-request", "这个请求读不懂，请检查后再试。"),
    401: ("session-needed", "会话已过期，请重新打开对话页。"),
    403: ("forbidden", "这里不能看。"),
    404: ("not-found", "没有找到。请核对地址，或从首页重新进入。"),
    405: ("method-not-allowed", "这个地址不支持这样的操作。"),
    408: ("too-slow", "等了很久也没有收全，请再发一次。"),
    413: ("too-long", "内容太长，请分几次发。"),
    415: ("unsupported-media-type", "内容的格式不对，请检查后再发。"),
    429: ("too-many", "现在太多了，请过一会儿再试。"),
    422: ("unprocessable", "内容读不懂，请改过再发。"),
}
_BY_FIELD = {
    "body": "要是一个 UTF-8 编码的 JSON 对象，同一个名字只写一次。",
    "id": "要用1到100个英文字母、数字、横线或下划线。",
    "from": "要是发短信的手机号，11位数字。",
    "text": "请写下您的事，或者选一个选项。",
    "option": "要是回复里给出的选项。",
    "location": "要有经度和纬度（WGS-84），名称不超过200字。",
    "query_code": "请给出查询码。",
    "grade": "请打分，从1分到5分，只能是整数。",
    "reason": "原因请写成一段文字。",
    "solved": "问题解决了没有，只能是yes、partly、no、unknown之一，也可以不填。",
    "attachments": "要是这个会话上传的附件编号，最多5个。",
    "fields": "要是核对单上的名称和文字，最多20项。",
}


def problem_of(error: Exception) -> ProblemError:
    """Return what is told about ``error``; what we do not know by name is our own fault."""
    match error:
        case ProblemError():
            return error
        case TooLongError(limit=limit, found=found):
            detail = f"这里有{found}个字。" if found else ""
            return ProblemError(413, "too-long", f"一次最多{limit}个字，请分几次发。", detail=detail)
        case FormRefusedError():
            return problem_of_form(error)
        case FieldError(field=field):
            errors = [{"field": field, "detail": _BY_FIELD[field]}]
            return ProblemError(422, "not-a-message", "这条消息读不懂，请改过再发。", errors=errors)
        case ForgedError():
            return ProblemError(403, "signature", "签名不对，请核对密钥和时间。")
        case NotAMessageError():
            return ProblemError(422, "not-a-message", "这条消息读不懂，请改过再发。")
        case KeyReusedError():
            return ProblemError(409, "key-reused", "这个编号已经用在另一条消息上，请换一个编号再发。")
        case HotlineError(retryable=True):
            title = "现在存不下您的话，请过一会儿再发一次；急事请拨打12345。"
            return ProblemError(503, "storage-away", title, headers=RETRY_AFTER)
        case web.HTTPException():
            return _of_status(error)
    title = "对不起，系统出了问题。请过几分钟再试，急事请拨打12345。"
    return ProblemError(500, "our-fault", title)


def _of_status(error: web.HTTPException) -> ProblemError:
    name, title = _BY_STATUS.get(error.status, ("failed", "没有办成，请过一会儿再试。"))
    kept = {n: v for n, v in error.headers.items() if n in ("Allow", "WWW-Authenticate", "Retry-After")}
    return ProblemError(error.status, name, title, headers=kept)


def tell_errors(pages: Pages) -> Middleware:
    """Return the outermost middleware: nothing that a handler raises gets past it as it is."""

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return _answer(request, pages, problem_of(error))
        except (HotlineError, ProblemError) as error:
            return _answer(request, pages, problem_of(error))
        except Exception as error:
            log.exception("request.failed", extra={"route": _route(request), "method": request.method})
            return _answer(request, pages, problem_of(error))

    return tell


def wants_problem(request: web.Request) -> bool:
    """Tell whether a program asks; people get pages."""
    return request.path.startswith("/api/") or PROBLEM in request.headers.get("Accept", "")


def _answer(request: web.Request, pages: Pages, problem: ProblemError) -> web.Response:
    if request.path.startswith(OPEN311):
        return open311_errors(request.path, problem)
    if wants_problem(request):
        return problem.response()
    response = pages.respond(
        request, "error.html", status=problem.status, personal=True,
        title=problem.title, errors=problem.more.get("errors", ()), stored=request.get(STORED, False),
    )  # fmt: skip
    response.headers.update(problem.more.get("headers") or {})
    return response


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
