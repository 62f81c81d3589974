"""RFC 9457 problem details: errors that a citizen can act on."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web


def problem(
    status: int,
    name: str,
    title: str,
    *,
    detail: str = "",
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return the problem ``urn:huying:problem:<name>``; ``title`` is Chinese and says what to do."""
    body = document(status, name, title, detail=detail, errors=errors)
    return web.json_response(body, status=status, content_type="application/problem+json", headers=headers)


def document(
    status: int, name: str, title: str, *, detail: str = "", errors: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """Return the JSON object of a problem."""
    body: dict[str, Any] = {"type": f"urn:huying:problem:{name}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = [dict(error) for error in errors]
    return body


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(self, status: int, name: str, title: str, **more: Any) -> None:
        super().__init__(name)
        self.status, self.name, self.title, self.more = status, name, title, more

    def document(self) -> dict[str, Any]:
        """Return the document without the headers of its response."""
        more = {name: value for name, value in self.more.items() if name != "headers"}
        return document(self.status, self.name, self.title, **more)

    def response(self) -> web.Response:
        """Return the document."""
        return problem(self.status, self.name, self.title, **self.more)
