"""Routes say for whom they are; what does not say is found, also inside mounted applications."""

import pytest
from aiohttp import web

from staff.accounts import Role
from staff.audience import add_routes, audiences, mount, staff


async def page(request: web.Request) -> web.Response:
    return web.Response()


class View(web.View):
    """A class that aiohttp would take for a handler."""


def test_roles_are_told_in_a_steady_order() -> None:
    assert staff(Role.ADMIN, Role.EDITOR) == "staff:editor staff:admin"
    assert staff() == "staff:editor staff:reviewer staff:dispatcher staff:unit staff:leader staff:admin"


def test_mounted_applications_say_it_too() -> None:
    app, part = web.Application(), web.Application()
    add_routes(app, "public", [web.get("/", page)])
    add_routes(part, staff(Role.ADMIN), [web.get("/x", page), web.post("/x", page)])
    mount(app, "/part", part)
    assert audiences(app) == {
        ("GET", "/"): "public", ("GET", "/part/x"): "staff:admin", ("POST", "/part/x"): "staff:admin",
    }  # fmt: skip


def test_a_silent_route_is_found_wherever_it_is() -> None:
    app, part = web.Application(), web.Application()
    part.add_routes([web.get("/silent", page)])
    app.add_subapp("/part", part)
    with pytest.raises(LookupError, match="/part/silent"):
        audiences(app)


@pytest.mark.parametrize(
    "audience", ["", "everybody", "staff", "staff:", "staff:admin,", "staff:boss", "public staff:admin"]
)
def test_an_audience_that_nobody_is_is_refused(audience: str) -> None:
    with pytest.raises(ValueError, match=r"audience|Role"):
        add_routes(web.Application(), audience, [web.get("/", page)])


def test_what_cannot_be_guarded_is_refused() -> None:
    for route in (web.view("/", View), web.static("/static", ".")):
        with pytest.raises(TypeError):
            add_routes(web.Application(), "staff:admin", [route])


def test_static_files_and_classes_may_be_public() -> None:
    app = web.Application()
    add_routes(app, "public", [web.static("/static", "."), web.view("/view", View)])
    assert set(audiences(app).values()) == {"public"}
