"""A person of the hotline in a conversation: for how long it is theirs, and what the bot still says meanwhile."""

from dataclasses import replace

from hotline.scene import Scene
from hotline.turn import LeaveToPerson, Turn


def left_to_person(scene: Scene) -> Turn | None:
    """Return the turn that leaves the message to the person who attends; ``None`` where nobody does.

    The citizen is told so once for each taking, unless the person has spoken already; then the bot is silent.
    """
    attendance, now = scene.attendance, scene.heard.message.received_at
    if attendance is None or not attendance.holds(now):
        return None
    known = attendance.spoke_at is not None or scene.before.attended == attendance.since
    after = replace(scene.before, attended=attendance.since)
    return scene.turn(after, LeaveToPerson(tells=not known))
