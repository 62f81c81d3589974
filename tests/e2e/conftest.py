"""One really started system for all end-to-end tests; those that need another start their own."""

from collections.abc import Iterator

import pytest

from tests.e2e.system import System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole system for Pingdingshan, as ``make run`` starts it."""
    with System.running(tmp_path_factory.mktemp("system")) as system:
        yield system
