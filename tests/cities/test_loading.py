"""Packs are strict: what is not understood is refused, with file, line and what to do."""

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from cities.hearing import check_learnt
from cities.loading import CITIES, check_cities, city_codes, load_pack
from hotline.citation import Citation, LawStatus
from hotline.citypack import CityPack
from hotline.dispatching import choose_unit
from hotline.errors import CityPackError
from hotline.ticket import classify
from hotline.vocabulary import KINDS, QUESTION_FIELDS

BROKEN = Path(__file__).parent / "broken"
PLACES = ("_example", "common", "calendar")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what the fictional city needs, to be broken."""
    for folder in PLACES:
        shutil.copytree(CITIES / folder, tmp_path / "cities" / folder)
    for file in ("duties.yaml", "readings.yaml"):
        shutil.copy(CITIES / file, tmp_path / "cities")
    return tmp_path / "cities"


def test_all_shipped_cities_are_usable() -> None:
    assert check_cities() == []
    assert {"_example", "pingdingshan"} <= set(city_codes())


def test_weights_that_are_missing_or_cannot_be_read_are_told_with_what_to_do(root: Path) -> None:
    assert check_learnt(CITIES) == [] and check_learnt(root) == []
    learnt = root / "common" / "hearing.json"
    for break_it in (lambda: learnt.write_text('{"emergency_examples": 1}', encoding="utf-8"), learnt.unlink):
        break_it()
        (told,) = check_learnt(root)
        assert "hearing.json:1: " in told and "make setup" in told


@pytest.mark.parametrize("case", sorted(path.name for path in BROKEN.iterdir()))
def test_a_broken_pack_is_refused_with_file_and_line(root: Path, case: str) -> None:
    for edit in yaml.safe_load((BROKEN / case / "edit.yaml").read_text(encoding="utf-8")):
        file = root / edit["file"]
        if "find" not in edit:
            file.write_text(edit["write"], encoding="utf-8")
            continue
        text = file.read_text(encoding="utf-8")
        assert text.count(edit["find"]) == 1, f"{edit['find']!r} must stand once in {file.name}"
        file.write_text(text.replace(edit["find"], edit["write"]), encoding="utf-8")
    with pytest.raises(CityPackError) as refusal:
        load_pack("_example", root)
    told = str(refusal.value)
    assert all(re.match(r"cities/\S+\.yaml:\d+: ", line) for line in told.splitlines()), told
    for words in (BROKEN / case / "expected.txt").read_text(encoding="utf-8").splitlines():
        assert words in told, told
    assert check_cities(root) == told.splitlines()


def test_there_are_many_ways_to_be_broken() -> None:
    assert len(list(BROKEN.iterdir())) >= 90


def test_a_missing_file_is_told_with_what_to_do(root: Path) -> None:
    (root / "_example" / "privacy.yaml").unlink()
    with pytest.raises(CityPackError, match=r"_example/privacy\.yaml:1: 缺少这个文件。请补上"):
        load_pack("_example", root)


def test_an_unknown_city_is_told_which_there_are() -> None:
    with pytest.raises(CityPackError, match=r"没有城市“nowhere”.*pingdingshan"):
        load_pack("nowhere")
    with pytest.raises(CityPackError):
        load_pack("common")


@pytest.mark.duty("R-BD-1")
def test_a_draft_is_cited_as_a_draft(root: Path) -> None:
    file = root / "_example" / "sources.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "    status: draft\n", encoding="utf-8")
    pack = load_pack("_example", root)
    assert pack.sources[-1].status is LawStatus.DRAFT
    assert pack.scope[0].citation.instrument == "《示例市热线条例》（征求意见稿）"
    assert pack.scope[0].citation.status is LawStatus.DRAFT


def test_a_published_arrangement_makes_its_year_known(root: Path) -> None:
    file = root / "calendar" / "2027.yaml"
    written = file.read_text(encoding="utf-8").replace("known: false", "known: true")
    file.write_text(written + "makeup_days:\n  2027-02-20: 春节\n", encoding="utf-8")
    calendar = load_pack("_example", root).calendar
    assert calendar.is_known(date(2027, 5, 1)) and calendar.is_working(date(2027, 2, 20))
    assert not load_pack("_example").calendar.is_known(date(2027, 5, 1))


@pytest.mark.parametrize("code", city_codes())
def test_every_rule_cites_an_instrument_and_an_article(code: str) -> None:
    for citation in _citations(load_pack(code)):
        assert citation.instrument.startswith("《") and citation.article


@pytest.mark.parametrize("code", city_codes())
def test_forms_ask_at_most_five_things_and_a_consultation_only_for_the_phone(code: str) -> None:
    pack = load_pack(code)
    assert set(pack.kinds) == set(KINDS)
    for kind in pack.kinds.values():
        fields = [question.field for question in kind.questions]
        assert len(fields) <= 5 and set(fields) <= set(QUESTION_FIELDS)
    assert [question.field for question in pack.kinds["consultation"].questions] == ["phone"]
    phones = [q for kind in pack.kinds.values() for q in kind.questions if q.field == "phone"]
    assert all(question.optional for question in phones), "whoever wants no call may say so with one tap"


@pytest.mark.parametrize("code", city_codes())
def test_no_number_is_told_that_is_not_a_public_one(code: str) -> None:
    """Telephone numbers are shown only where the law or the state makes them known to all."""
    pack = load_pack(code)
    told = [pack.referral.how if pack.referral else "", *pack.words.values()]
    told += [rule.citation.route.how for rule in pack.scope if rule.citation.route]
    told += [text for danger in pack.dangers for text in (danger.headline, danger.why, *danger.steps)]
    numbers = set(re.findall(r"(?<!\d)\d{3,}(?!\d)", " ".join(told)))
    assert numbers <= {"110", "119", "120", "122", "12345", "12348"}


@pytest.mark.parametrize("code", city_codes())
def test_the_systems_own_sentences_keep_the_tone(code: str) -> None:
    pack = load_pack(code)
    asked = [text for kind in pack.kinds.values() for q in kind.questions for text in (q.ask, q.ask_again)]
    said = [*pack.words.values(), *asked, *(d.ask for d in pack.dangers), *(r.ask for r in pack.scope)]
    for sentence in said:
        assert not re.search(r"[！!]|亲[，~]|哦|系统繁忙|高度重视", sentence), sentence


@pytest.mark.duty("PDS-8D")
def test_the_highest_class_is_the_one_for_danger() -> None:
    assert load_pack("pingdingshan").highest_class() == "D"
    assert load_pack("_example").highest_class() == "urgent"


@pytest.mark.duty("PDS-8A", "PDS-8B", "PDS-8C")
@pytest.mark.parametrize(
    ("said", "kind", "expected"),
    [
        ("楼下饭店太吵，噪音扰民", "complaint", "A"),
        ("小贩占道经营", "complaint", "B"),
        ("楼顶违章建筑，装修还很吵", "complaint", "C"),
        ("希望调整这片地的规划", "suggestion", "C"),
        ("路灯坏了", "complaint", "B"),
        ("怎么办居住证", "consultation", "A"),
        ("规划调整以后我们村还拆迁吗，想咨询一下", "consultation", "A"),
        ("规划调整以后我们村还拆迁吗，没人答复", "complaint", "C"),
    ],
)
def test_a_matter_falls_into_the_class_of_article_8(said: str, kind: str, expected: str) -> None:
    assert classify(load_pack("pingdingshan"), kind=kind, text=said) == expected


@pytest.mark.duty("PDS-8A")
def test_the_article_that_fixes_the_class_of_a_kind_is_named() -> None:
    fixed = {
        kind.id: kind.class_fixed for kind in load_pack("pingdingshan").kinds.values() if kind.class_fixed
    }
    assert {kind: citation.article for kind, citation in fixed.items()} == {"consultation": "第八条"}


@pytest.mark.parametrize(
    ("said", "place", "unit"),
    [
        ("工地夜间施工", "", "housing"),
        ("路灯坏了", "示例东路", "city-management"),
        ("老板拖欠工资", "", "labour"),
        ("井没盖好", "东区", "east-district"),
        ("想问一件事", "", "hotline"),
    ],
)
def test_units_of_the_fictional_city_are_found_by_duty_then_place(said: str, place: str, unit: str) -> None:
    assert choose_unit(load_pack("_example"), text=said, place=place).unit.id == unit


@pytest.mark.duty("PDS-10")
def test_what_no_text_assigns_goes_to_the_command_centre() -> None:
    chosen = choose_unit(load_pack("pingdingshan"), text="路灯坏了", place="")
    assert chosen.unit.name == "市民呼必应指挥中心" and "第十条" in chosen.why


def test_every_sentence_can_be_said() -> None:
    pack = load_pack("pingdingshan")
    for name, sentence in pack.words.items():
        blanks = set(re.findall(r"\{(\w+)\}", sentence)) - {"city", "hotline"}
        assert "{" not in pack.say(name, **dict.fromkeys(blanks, "某"))


def test_files_hold_no_key_twice_even_for_a_lenient_reader() -> None:
    for file in CITIES.rglob("*.yaml"):
        assert yaml.safe_load(file.read_text(encoding="utf-8")) is not None


def _citations(pack: CityPack) -> Iterator[Citation]:
    for group in (
        pack.scope,
        pack.deadlines,
        pack.units,
        pack.privacy,
        pack.kinds.values(),
        pack.classes.values(),
        pack.desk.values(),
        pack.channels,
        pack.accepted,
        pack.unfixed,
        pack.extensions,
        pack.returns,
        pack.silences,
        pack.emergency,
        pack.groups,
        pack.levels,
        pack.on_file,
        pack.leaders,
        pack.matters,
        pack.dispatch,
        pack.reply_elements,
        pack.void_replies,
        pack.intake_rules,
        pack.desk_rules,
        pack.report_rules,
        pack.measures,
    ):
        yield from (rule.citation for rule in group)
