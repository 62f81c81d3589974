"""The pieces of the bench work; how fast anything is, is not looked at here."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.bench import dialogue, phases
from tests.bench.dialogue import HERE, PYTHON, UNDERSTANDING
from tests.bench.phases import Phase, Run, Size, generate, our_system, rasa_dialogue
from tests.bench.processes import cpu, pressure, processes
from tests.bench.report import DOCUMENT, bars, broken, latest, write
from tests.bench.talks import MIXES
from tests.folders import server_folder

TINY = Size(seconds=1.5, warm_up=0.5, rate=10, at_once=2, idle=0.2)
with_rasa = pytest.mark.skipif(not PYTHON.exists(), reason="Rasa's environment is not prepared")


@pytest.fixture(scope="module")
def run() -> Run:
    """A whole bench, as small as can be."""
    run = Run(size=TINY)
    with server_folder() as folder:
        our_system(run, folder, lambda _: None)
    with server_folder() as folder:
        rasa_dialogue(run, folder, lambda _: None)
    return run


@with_rasa
def test_every_phase_has_right_answers_and_counts_every_program(run: Run) -> None:
    assert broken(run) == []
    ours = [
        phases.AT_RATE,
        phases.SATURATED,
        phases.SAME,
        phases.LONG,
        phases.PUSHES,
        *phases.STOPPED.values(),
    ]
    theirs = [phases.RASA_SAME, phases.RASA_LONG, phases.RASA_KEPT]
    assert {*ours, *theirs} <= set(run.phases)
    for name in ours:
        found = run.phases[name]
        assert found.messages > 0 and found.p50 <= found.p99 <= found.worst
        assert {"gateway", "worker", "desk", "rasa", "postgres", "valkey", "supervisor"} == set(found.used)
        assert found.used["gateway"] > 0 and found.used["postgres"] > 0
    assert {"rasa", "actions"} == set(run.phases[phases.RASA_SAME].used)
    assert run.phases[phases.RASA_KEPT].used["postgres"] > 0


@with_rasa
def test_a_run_becomes_tables_and_a_line_among_the_runs(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    lines = document.read_text(encoding="utf-8").count("\n| 20")
    write(run, document)
    write(run, document)
    text = document.read_text(encoding="utf-8")
    assert text.count("\n| 20") == lines + 2
    assert text.count(latest(run).splitlines()[-2]) == 1
    assert all(f"| {phase.name} | {phase.load} |" in text for phase in run.phases.values())


def a_phase(name: str, *, cpu_seconds: float, p99: float = 0.1, wrong: int = 0) -> Phase:
    return Phase(
        name=name, load="some", messages=100, seconds=1.0, p50=0.05, p99=p99, worst=p99, wrong=("x",) * wrong,
        wrong_count=wrong, used={"gateway": cpu_seconds}, generator=0.1, waited=0.5,
    )  # fmt: skip


def a_run(**changes: Phase) -> Run:
    run = Run(size=TINY)
    for name in (phases.AT_RATE, phases.SATURATED, phases.SAME):
        run.phases[name] = a_phase(name, cpu_seconds=0.5)
    run.phases[phases.RASA_SAME] = a_phase(phases.RASA_SAME, cpu_seconds=4.0)
    run.phases |= changes
    return run


def test_a_bar_is_met_or_not_by_its_own_sense() -> None:
    assert [bar.met for bar in bars(a_run())] == [True] * 4
    slow = a_run(**{phases.AT_RATE: a_phase(phases.AT_RATE, cpu_seconds=1.1, p99=1.5)})
    assert [bar.met for bar in bars(slow)] == [False, True, False, True]
    light = a_run(**{phases.RASA_SAME: a_phase(phases.RASA_SAME, cpu_seconds=3.9)})
    assert [bar.met for bar in bars(light)] == [True, True, True, False]
    assert "NOT met" in str(bars(light)[-1])


def test_a_push_acknowledged_too_late_is_told_whatever_was_stopped() -> None:
    name = phases.STOPPED["valkey"]
    assert all(bar.met for bar in bars(a_run(**{name: a_phase(name, cpu_seconds=0.5, p99=4.4)})))
    (late,) = (bar for bar in bars(a_run(**{name: a_phase(name, cpu_seconds=0.5, p99=4.6)})) if not bar.met)
    assert "valkey stopped" in str(late)


def test_wrong_answers_make_a_run_worthless() -> None:
    assert broken(a_run()) == []
    (found,) = broken(a_run(**{phases.SAME: a_phase(phases.SAME, cpu_seconds=0.5, wrong=2)}))
    assert "2 wrong answers" in found


def test_cpu_counts_a_program_with_all_below_it_and_what_has_ended() -> None:
    burn = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    parent = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {burn!r}]); print('done', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            assert cpu({"one": process.pid})["one"] >= 0.25
        finally:
            process.kill()
    assert os.getpid() in processes()


def test_pressure_never_falls() -> None:
    before = pressure()
    time.sleep(0.01)
    assert pressure() >= before


def test_the_load_generator_tells_wrong_answers(unused_tcp_port: int) -> None:
    figures = generate("huying", f"http://127.0.0.1:{unused_tcp_port}", "--seconds", "0.2", "--at-once", "1")
    assert figures["wrong_count"] == figures["messages"] > 0


@pytest.mark.parametrize("mix", MIXES)
def test_a_seed_fixes_the_conversations(mix: str) -> None:
    script = (
        "import json, itertools, random, sys; from tests.bench.talks import endless\n"
        f"some = itertools.islice(endless({mix!r}, random.Random(3)), 20)\n"
        "print(json.dumps([[step.text for step in story.steps] for story in some]))"
    )
    said = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout for _ in "ab"
    ]
    assert said[0] == said[1] and len(json.loads(said[0])) == 20


def test_the_rasa_dialogue_understands_as_our_rasa_does() -> None:
    ours = yaml.safe_load((UNDERSTANDING / "config.yml").read_text(encoding="utf-8"))
    theirs = yaml.safe_load((HERE / "config.yml").read_text(encoding="utf-8"))
    assert theirs["pipeline"] == ours["pipeline"] and theirs["language"] == ours["language"]
    domains = [
        yaml.safe_load((place / "domain.yml").read_text(encoding="utf-8")) for place in (UNDERSTANDING, HERE)
    ]
    assert domains[0]["intents"] == domains[1]["intents"]
    assert domains[0]["entities"] == domains[1]["entities"]


def test_the_rasa_dialogue_listens_on_loopback_alone(tmp_path: Path) -> None:
    assert dialogue.environment(tmp_path)["SANIC_HOST"] == "127.0.0.1"
