"""One really started system for all end-to-end tests; those that need another start their own."""

from collections.abc import Iterator

import pytest

from tests.e2e.system import System
from tests.folders import server_folder


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """The whole system for Pingdingshan, as ``make run`` starts it."""
    with server_folder() as folder, System.running(folder) as system:
        yield system
