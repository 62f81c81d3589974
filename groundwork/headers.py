"""What every answer of both programs carries, so that a browser does nothing that we did not mean."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

Prepare: TypeAlias = Callable[[web.Request, web.StreamResponse], Awaitable[None]]

_OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)


def policy(ancestors: Sequence[str] = ()) -> str:
    """Return the policy of a page that ``ancestors``, origins of other sites, may show in a frame; none by default."""
    return f"{_OWN}; frame-ancestors " + (" ".join(ancestors) or "'none'")


POLICY = policy()
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Server": "Huying",  # otherwise the server tells its version, and that of Python
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers would then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: A year. Not for sub-domains: they are other people's.
HSTS = "max-age=31536000"


def is_https(public_url: str) -> bool:
    """Tell whether the address that people are given is an HTTPS one."""
    return urlsplit(public_url).scheme == "https"


def headers_for(public_url: str) -> Prepare:
    """Return an ``on_response_prepare`` handler: errors and redirects get the headers too."""
    headers = HEADERS | ({"Strict-Transport-Security": HSTS} if is_https(public_url) else {})

    async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        # What says nothing else is kept by nobody.
        response.headers.setdefault("Cache-Control", "no-store")

    return set_headers
