"""What every answer carries."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from groundwork.headers import HSTS, POLICY, headers_for, is_https


async def headers(public_url: str, **own: str) -> dict[str, str]:
    response = web.Response(headers=own)
    await headers_for(public_url)(make_mocked_request("GET", "/"), response)
    return dict(response.headers)


async def test_https_is_insisted_on_where_the_site_has_it_and_not_for_other_hosts() -> None:
    assert (await headers("https://12345.example"))["Strict-Transport-Security"] == HSTS
    assert "includeSubDomains" not in HSTS and "preload" not in HSTS
    assert "Strict-Transport-Security" not in await headers("http://127.0.0.1:8080")


async def test_no_code_in_pages_runs_and_nobody_frames_them() -> None:
    found = await headers("http://127.0.0.1:8080")
    assert found["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY and "default-src 'none'" in POLICY and "frame-ancestors 'none'" in POLICY
    assert found["X-Content-Type-Options"] == "nosniff" and found["Referrer-Policy"] == "same-origin"


async def test_no_answer_tells_versions() -> None:
    assert (await headers("http://127.0.0.1:8080"))["Server"] == "Huying"


async def test_what_says_nothing_is_kept_by_nobody() -> None:
    assert (await headers("http://x"))["Cache-Control"] == "no-store"
    kept = await headers("http://x", **{"Cache-Control": "public, max-age=9"})
    assert kept["Cache-Control"] == "public, max-age=9"


@pytest.mark.parametrize(
    ("url", "is_it"), [("https://x", True), ("HTTPS://x", True), ("http://x", False), ("", False)]
)
def test_an_address_tells_whether_it_is_https(url: str, is_it: bool) -> None:
    assert is_https(url) is is_it
