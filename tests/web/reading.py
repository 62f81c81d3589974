"""Reads a page like a browser without JavaScript: its forms, its buttons, its words."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TypeAlias

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

Client: TypeAlias = TestClient[web.Request, web.Application]


@dataclass
class Form:
    """One form with its values and the buttons that send it."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  #: name, value, label
    pairs: list[tuple[str, str]] = field(default_factory=list)  #: of its inputs, those that come twice too


class Page(HTMLParser):
    """The forms, tags and words of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._form: Form | None = None
        self._area: str | None = None
        self._button: tuple[str, str] | None = None
        self._label = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "form":
            self._form = Form(action=found.get("action") or "", method=found.get("method") or "get")
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and (name := found.get("name")):
            if found.get("type") not in ("checkbox", "radio", "file") or "checked" in found:
                self._form.values[name] = found.get("value") or ""
                self._form.pairs.append((name, found.get("value") or ""))
        elif tag == "textarea" and self._form is not None:
            self._area = found["name"] or ""
            self._form.values[self._area] = ""
        elif tag == "button" and self._form is not None:
            self._button, self._label = (found.get("name") or "", found.get("value") or ""), ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._area is not None and self._form is not None:
            self._form.values[self._area] = self._form.values[self._area].removeprefix("\n")
            self._area = None
        elif tag == "button" and self._button is not None and self._form is not None:
            self._form.buttons.append((*self._button, self._label.strip()))
            self._button = None

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._area is not None and self._form is not None:
            self._form.values[self._area] += data
        if self._button is not None:
            self._label += data

    def form_with(self, label: str) -> tuple[Form, dict[str, str]]:
        """Return the form of the button of that label, with the values that pressing it sends."""
        for form in self.forms:
            for name, value, shown in form.buttons:
                if shown == label:
                    return form, form.values | ({name: value} if name else {})
        raise LookupError(label)

    def has_button(self, label: str) -> bool:
        """Tell whether a button of that label is there."""
        return any(shown == label for form in self.forms for _, _, shown in form.buttons)

    def found(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every ``tag``."""
        return [attrs for name, attrs in self.tags if name == tag]


async def press(client: Client, page: Page, label: str, **typed: str) -> tuple[ClientResponse, Page]:
    """Press a button of ``page`` after typing, and return answer and page after redirects."""
    form, values = page.form_with(label)
    response = await client.post(form.action, data=values | typed)
    return response, Page(await response.text())
