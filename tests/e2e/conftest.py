"""One really started system for all end-to-end tests; those that need another start their own."""

from collections.abc import Generator, Iterator

import pytest

from tests.e2e.system import System
from tests.folders import server_folder


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """The whole system for Pingdingshan, as ``make run`` starts it."""
    with server_folder() as folder, System.running(folder) as system:
        yield system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show beside a failure what the shared system and its understanding said last: both may have died before."""
    report = yield
    system = getattr(item, "funcargs", {}).get("system")
    if report.failed and isinstance(system, System):
        report.sections.append(("the system said", system.said()[-4000:]))
        report.sections.append(("rasa said", system.log_of("rasa")[-4000:]))
    return report
