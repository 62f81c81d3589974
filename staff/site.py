"""Every route that both programs have for staff, with whom it is for."""

from aiohttp import web

from staff.accounts import Role
from staff.admin_pages import AdminPages
from staff.audience import PUBLIC, add_routes, staff
from staff.own_pages import FACTOR_STAGES, PASSWORD_STAGES, OwnPages
from staff.pages import StaffDoor


def add_staff_routes(app: web.Application, door: StaffDoor) -> None:
    """Add signing in, the own account, and for admins the accounts and the audit log."""
    own = OwnPages(door)
    add_routes(app, PUBLIC, door.routes())
    add_routes(app, staff(), own.routes())
    add_routes(app, staff(), own.password_routes(), stages=PASSWORD_STAGES)
    add_routes(app, staff(), own.factor_routes(), stages=FACTOR_STAGES)
    add_routes(app, staff(Role.ADMIN), AdminPages(door).routes())
