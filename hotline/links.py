"""Links that citizens share: told apart from what they say; never opened."""

import re

MOST_LINES = 3  #: of a shared page: title, description, address
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)
_SIGNS = " \uff0c,\u3002.\u3001\uff1a:\uff1b;!\uff01|\n"


def without_addresses(text: str) -> str:
    """Return ``text`` with a blank for each web address: its letters say nothing."""
    return _ADDRESS.sub(" ", text)


def without_links(text: str) -> str:
    """Return the words of ``text`` on one line, without web addresses."""
    return " ".join(filter(None, (line.strip(_SIGNS) for line in without_addresses(text).split("\n"))))


def is_shared(text: str) -> bool:
    """Tell whether ``text`` is a page that was passed on: an address, with at most a title and a description above it."""
    lines = [line for line in text.split("\n") if line.strip()]
    return 0 < len(lines) <= MOST_LINES and _ADDRESS.fullmatch(lines[-1].strip()) is not None
