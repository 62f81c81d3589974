"""Files cost more than words: so many an address may send in a while. Words are never turned away here."""

import math
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.web.ports import Limits
from groundwork.addresses import address_of
from groundwork.problems import ProblemError

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

BY_ADDRESS = "uploads.address"
_PATHS = frozenset(
    {"/api/chat/attachments"}
)  #: take files and nothing else; what comes with words is a message


class TooManyFilesError(ProblemError):
    """An address sends no more files for so many ``seconds``."""

    def __init__(self, seconds: float) -> None:
        minutes = max(1, math.ceil(seconds / 60))
        title = f"传的文件太多，请{minutes}分钟后再传。事情可以先用文字说，急事请拨打12345。"
        super().__init__(429, "too-many-files", title, headers={"Retry-After": str(math.ceil(seconds))})


def limit_files(limits: Limits) -> Middleware:
    """Return a middleware that counts files by address, and refuses those beyond the limit before they are read."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        address = address_of(request) if request.method == "POST" and request.path in _PATHS else None
        if address is not None:
            if (wait := await limits.allowed(BY_ADDRESS, address)) > 0:
                raise TooManyFilesError(wait)
            await limits.failed(BY_ADDRESS, address)
        return await handler(request)

    return count
