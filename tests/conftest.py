"""Which tests run in one process where several share the suite: ``make test`` uses two."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module together, for what it started; keep all that use the one started system together, and first."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: not _uses_system(item))


def _group(item: pytest.Item) -> str:
    return "system" if _uses_system(item) else item.nodeid.partition("::")[0]


def _uses_system(item: pytest.Item) -> bool:
    return "e2e" in item.path.parts and "system" in getattr(item, "fixturenames", ())
