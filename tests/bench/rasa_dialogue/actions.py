"""Custom actions of the dialogue, run by rasa_sdk: check each answer, sum up, file.

It is spared what the product does beside: no database, no delivery, no law, no look for danger.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import AllSlotsReset, EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FIELDS = ("what", "place", "time", "phone", "name")
PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}[2-9]\d{6,7}")
filed: dict[str, dict[str, str]] = {}


class ValidateCaseForm(FormValidationAction):
    """Looks at each answer before the next question."""

    def name(self) -> str:
        return "validate_case_form"

    def validate_place(
        self, value: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return {"place": value.strip()[:500] or None}

    def validate_time(
        self, value: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return {"time": value.strip()[:500] or None}

    def validate_phone(
        self, value: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        found = PHONE.search(value.replace(" ", "").replace("-", ""))
        if found is None:
            dispatcher.utter_message(text="这个号码好像不对。")
        return {"phone": found and found.group()}

    def validate_name(
        self, value: str, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        return {"name": value.strip()[:20] or None}


class Summary(Action):
    """Shows what would be filed."""

    def name(self) -> str:
        return "action_summary"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        rows = [f"{field}：{tracker.get_slot(field)}" for field in FIELDS]
        dispatcher.utter_message(text="\n".join(["请看看写得对不对。", *rows]))
        return []


class FileTicket(Action):
    """Draws a number and keeps the ticket in memory."""

    def name(self) -> str:
        return "action_file_ticket"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        now = datetime.now(UTC) + timedelta(hours=8)
        number = f"{now:%Y%m%d}" + "".join(secrets.choice(LETTERS) for _ in range(8))
        filed[number] = {field: str(tracker.get_slot(field)) for field in FIELDS}
        dispatcher.utter_message(text=f"已受理，单号{number}。")
        return [AllSlotsReset()]
