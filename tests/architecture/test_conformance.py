"""docs/conformance.md is current, and claims nothing that rules and marked tests do not bear."""

from pathlib import Path

import pytest

from tools import conformance
from tools.conformance import Place, Row, standing_of

RULE, TEST = (Place("cities/sixth/deadlines.yaml", 3),), (Place("tests/test_it.py", 9, "test_it"),)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one city, one duty, one reading and one test."""
    written = {
        "cities/duties.yaml": "XX:\n  XX-1:\n    article: '1'\n    part: [ticket]\n    duty: told in time\n    state: done\n",
        "cities/readings.yaml": "R-XX:\n  R-XX-1: 数到最后一天。\n",
        "cities/sixth/deadlines.yaml": "deadlines:\n  - id: one\n    duty: XX-1\n  - id: two\n    duty: [XX-1]\n    reading: R-XX-1\n",
        "tests/test_it.py": "import pytest\n\n@pytest.mark.duty('XX-1', 'R-XX-1')\ndef test_it(): ...\n",
    }  # fmt: skip
    for name, text in written.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def row(**changes: object) -> Row:
    held = {"id": "XX-1", "article": "1", "parts": ("ticket",), "duty": "told in time"} | changes
    return Row(**held)  # type: ignore[arg-type]


def rewrite(project: Path, name: str, text: str) -> None:
    (project / name).write_text(text, encoding="utf-8")


def test_the_page_is_current() -> None:
    found = conformance.read()
    assert found.findings == []
    assert conformance.PAGE.read_text(encoding="utf-8") == conformance.page(found), "run make pages"


def test_rules_and_tests_are_found_with_file_and_line(project: Path) -> None:
    found = conformance.read(project)
    (standing,) = found.sections["XX"]
    assert standing.rules == (
        Place("cities/sixth/deadlines.yaml", 2),
        Place("cities/sixth/deadlines.yaml", 4),
    )
    assert standing.tests == (Place("tests/test_it.py", 4, "test_it"),)
    assert (standing.state, standing.why, found.findings) == ("done", "", [])
    page = conformance.page(found)
    assert "`cities/sixth/deadlines.yaml:2,4` | `tests/test_it.py::test_it` | **done** |" in page
    assert (
        "| R-XX-1 | 数到最后一天。 | `cities/sixth/deadlines.yaml:4` | `tests/test_it.py::test_it` |" in page
    )


@pytest.mark.parametrize("state", ["done", "partly"])
@pytest.mark.parametrize(("rules", "tests", "lacks"), [((), TEST, "no rule"), (RULE, (), "no test"), ((), (), "no rule and no test")])  # fmt: skip
def test_nothing_is_claimed_without_rule_and_test(
    state: str, rules: tuple[Place, ...], tests: tuple[Place, ...], lacks: str
) -> None:
    findings: list[str] = []
    claimed = row(state=state, missing="a lot" if state == "partly" else "")
    standing = standing_of(claimed, rules, tests, findings)
    assert standing.state == "not yet"
    assert findings == [f"XX-1: declared {state}, but {lacks} names it"]


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"state": "partly"}, "what is missing"),
        ({"state": "done", "missing": "a lot"}, "what is missing"),
        ({"state": "nearly"}, "a state is done or partly"),
        ({"state": "done", "done": ("ticket",)}, "parts are done of a row kept partly"),
        ({"state": "partly", "missing": "a lot", "done": ("ticket",)}, "parts are done of a row kept partly"),
        ({"state": "partly", "missing": "a lot", "done": ("desk",)}, "parts are done of a row kept partly"),
    ],
)
def test_a_state_is_told_with_what_is_missing(changes: dict[str, str], finding: str) -> None:
    findings: list[str] = []
    standing_of(row(**changes), RULE, TEST, findings)
    assert finding in findings[0]


@pytest.mark.parametrize(
    ("parts", "rules", "tests", "why"),
    [
        (("ticket",), (), (), "no rule names it"),
        (("ticket",), RULE, (), "no test names it"),
        (("ticket",), RULE, TEST, "nobody has declared"),
        (("desk", "report"), RULE, TEST, "nothing acts on it yet"),
    ],
)
def test_without_a_claim_a_row_is_not_yet_and_says_why(
    parts: tuple[str, ...], rules: tuple[Place, ...], tests: tuple[Place, ...], why: str
) -> None:
    findings: list[str] = []
    standing = standing_of(row(parts=parts), rules, tests, findings)
    assert standing.state == "not yet" and why in standing.why and findings == []


def test_a_row_may_be_done_in_some_of_its_parts(project: Path) -> None:
    duties = "XX:\n  XX-1:\n    part: [ticket, desk]\n    duty: kept\n    state: partly\n    done: [ticket]\n    missing: a desk\n"
    rewrite(project, "cities/duties.yaml", duties)
    found = conformance.read(project)
    assert found.findings == []
    assert "| ticket: **done**; desk: **not yet** (a desk) |" in conformance.page(found)


def test_a_row_not_yet_kept_may_say_what_it_waits_for() -> None:
    findings: list[str] = []
    standing = standing_of(row(missing="a desk"), RULE, (), findings)
    assert (standing.state, standing.why, findings) == ("not yet", "a desk", [])


def test_code_may_keep_a_row_where_no_rule_of_a_city_does(project: Path) -> None:
    duties = "XX:\n  XX-1:\n    part: [intake]\n    duty: kept\n    code: ['kept.py::Keeper.keep']\n    state: done\n"
    rewrite(project, "cities/duties.yaml", duties)
    rewrite(project, "cities/sixth/deadlines.yaml", "deadlines: []\n")
    rewrite(project, "kept.py", "class Keeper:\n    def keep(self): ...\n")
    found = conformance.read(project)
    assert found.findings == [] and found.sections["XX"][0].row.code == (Place("kept.py", 2, "Keeper.keep"),)
    rewrite(project, "cities/duties.yaml", duties.replace(".keep'", ".lose'"))
    assert conformance.read(project).findings == [
        "XX-1: there is no kept.py::Keeper.lose",
        "XX-1: declared done, but no rule names it",
    ]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("@pytest.mark.duty('XX-9')\ndef test_it(): ...\n", "no row and no reading is called XX-9"),
        ("@pytest.mark.duty(ROW)\ndef test_it(): ...\n", "write the ids out"),
        ("MARK = pytest.mark.duty('XX-1')\n", "stands on no test"),
    ],
)
def test_a_mark_that_says_nothing_is_found(project: Path, text: str, finding: str) -> None:
    rewrite(project, "tests/test_more.py", text)
    assert finding in conformance.read(project).findings[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pytestmark = [pytest.mark.slow, pytest.mark.duty('R-XX-1')]\ndef test_a(): ...\n", "test_a"),
        ("@pytest.mark.duty('R-XX-1')\nclass TestIt:\n    async def test_b(self): ...\n", "TestIt::test_b"),
        ("class TestIt:\n    pytestmark = pytest.mark.duty('R-XX-1')\n    def test_c(self): ...\n", "TestIt::test_c"),
        ("@pytest.mark.parametrize('a', [pytest.param(1, marks=pytest.mark.duty('R-XX-1'))])\ndef test_d(a): ...\n", "test_d"),
    ],
)  # fmt: skip
def test_a_mark_may_stand_wherever_pytest_reads_it(project: Path, text: str, name: str) -> None:
    rewrite(project, "tests/test_more.py", text)
    found = conformance.read(project)
    assert name in [place.name for place in found.tests["R-XX-1"]] and found.findings == []
