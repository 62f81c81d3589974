"""The schemas for editors follow the types, and say the same as the loader."""

from datetime import date

import pytest
import yaml
from jsonschema import Draft202012Validator

from cities.loading import CITIES, CITY_FILES, city_codes
from cities.schemas import FOLDER, schemas, written


@pytest.mark.parametrize("name", CITY_FILES)
def test_a_schema_is_current(name: str) -> None:
    """Out of date? ``.venv/bin/python -m cities.schemas`` writes them anew."""
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == written(schemas()[name])


def test_there_is_no_schema_without_a_file() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CITY_FILES)


@pytest.mark.parametrize("code", city_codes())
@pytest.mark.parametrize("name", CITY_FILES)
def test_shipped_files_keep_their_schema_and_name_it(code: str, name: str) -> None:
    text = (CITIES / code / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema=../schema/{name}.json\n")
    validator = Draft202012Validator(schemas()[name])
    found = as_json(yaml.safe_load(text))
    assert [error.message for error in validator.iter_errors(found)] == []


def test_a_schema_refuses_what_the_loader_refuses() -> None:
    rule = {"id": "x", "what": "finish", "starts": "filing", "source": "s", "article": "第一条"}
    validator = Draft202012Validator(schemas()["deadlines"])
    assert not list(validator.iter_errors({"deadlines": [rule | {"hours": 4}]}))
    for wrong in ({"hours": 0}, {"hours": 9999}, {"minutes": 5}, {"what": "answer"}, {"classes": 3}):
        assert list(validator.iter_errors({"deadlines": [rule | wrong]})), wrong
    assert list(validator.iter_errors({"deadlines": [{"id": "x"}]}))


def as_json(value: object) -> object:
    """Return what an editor's validator sees: dates as text, numbers that are meant as words as words."""
    match value:
        case dict():
            return {str(key): as_json(item) for key, item in value.items()}
        case list():
            return [as_json(item) for item in value]
        case date():
            return value.isoformat()
        case 110 | 119 | 120 | 122 | 12345:
            return str(value)  # names that look like numbers
        case _:
            return value
