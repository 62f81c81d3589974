"""Writes docs/promises/<city>.md: what each city's text promises its citizens.

``python -m tools.promises`` writes a page for every city that has data, by the newest law that is known; a test compares.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from cities.loading import city_codes, load_book
from gateway.web.promises import newest, promises_of
from gateway.web.rendering import WORDS, plain_date, templates

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "promises"


def pages() -> Mapping[str, str]:
    """Return every page by its file's name; fictional cities, whose codes begin with ``_``, have none."""
    return {f"{code}.md": page(code) for code in city_codes() if not code.startswith("_")}


def page(code: str) -> str:
    """Return the page of one city."""
    promises = promises_of(newest(load_book(code)), WORDS, write=plain_date)
    return templates().get_template("promises.md").render(promises=promises) + "\n"


def main() -> int:
    """Write every page and remove those of cities that are gone."""
    wanted = pages()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
