"""The Rasa project: its two commands, and what the served model may and may not do."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from bots.rasa_understanding import RasaUnderstanding
from bots.wording import Wording
from hotline.understanding import Intent

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "bots" / "rasa_project"
RASA_PYTHON = ROOT / ".rasa-venv" / "bin" / "python"
PREPARED = ROOT / ".local" / "rasa-model"
TOKEN = "-token-for-this-test"  #: one in sixty-four that are drawn begins like that
SAID = "投诉翠竹小区物业，昨晚十点停水，电话13512345678"

with_rasa = pytest.mark.skipif(not RASA_PYTHON.exists(), reason="Rasa's environment is not prepared")


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the two commands without Rasa's environment: they need the standard library only."""
    command = [sys.executable, str(PROJECT / script), *arguments]
    env = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def digest_now() -> str:
    """Return the digest that train.py would write."""
    code = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); sys.dont_write_bytecode = True; import train; print(train.digest(train.PROJECT / 'config.yml'))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_server_is_told_loopback_token_and_silence(tmp_path: Path) -> None:
    ran = run("serve.py", "--port", "5005", "--model", str(tmp_path), "--print", HUYING_RASA_TOKEN=TOKEN)
    shown = ran.stdout
    assert "--enable-api --quiet -i 127.0.0.1 -p 5005 '--auth-token=$HUYING_RASA_TOKEN'" in shown
    assert TOKEN not in shown


def test_it_does_not_serve_without_a_token(tmp_path: Path) -> None:
    (tmp_path / "huying.tar.gz").touch()
    ran = run("serve.py", "--port", "5005", "--model", str(tmp_path))
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "rasa: set HUYING_RASA_TOKEN; without it the server would answer anybody"
    ]


def test_it_does_not_serve_without_a_model(tmp_path: Path) -> None:
    ran = run("serve.py", "--port", "5005", "--model", str(tmp_path), HUYING_RASA_TOKEN=TOKEN)
    assert ran.returncode == 1
    assert ran.stderr.startswith("rasa: no model in ")


def test_nothing_is_trained_when_no_source_changed(tmp_path: Path) -> None:
    (tmp_path / "huying.tar.gz").write_bytes(b"a model")
    (tmp_path / "huying.digest").write_text(digest_now() + "\n")
    ran = run("train.py", "--out", str(tmp_path))
    assert (ran.returncode, ran.stdout) == (
        0,
        f"rasa: model is current: {tmp_path.resolve()}/huying.tar.gz\n",
    )


def test_a_training_that_fails_leaves_the_old_model(tmp_path: Path) -> None:
    (tmp_path / "huying.tar.gz").write_bytes(b"a model")
    (tmp_path / "huying.digest").write_text("of other sources\n")
    ran = run("train.py", "--out", str(tmp_path))  # this Python has no Rasa
    assert ran.returncode == 1
    assert ran.stderr.startswith("rasa: training failed")
    assert (tmp_path / "huying.tar.gz").read_bytes() == b"a model"
    assert (tmp_path / "huying.digest").read_text() == "of other sources\n"


AS_SCIKIT_LEARN = r"""
import random, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from sklearn.linear_model import LogisticRegression
from components.plain_intent_classifier import Scales, characters, fold
draw = random.Random(int(sys.argv[1]))
letters = "路灯坏了投诉物业咨询举报噪音谢谢你好 \t\n0123456789abcXYZ，。！😀é"
texts = ["".join(draw.choices(letters, k=draw.randrange(1, 40))) for _ in range(400)]
texts += ["   ", "a  b", "\n\n", "\u3000\u3000x", "0", "路" * 1000]
framed = [f"^{fold(text)}$" for text in texts]
vectorizer, model = characters(min_df=2), LogisticRegression(C=20, max_iter=1000)
model.fit(vectorizer.fit_transform(framed[:200]), [draw.choice("abcd") for _ in range(200)])
scales = Scales(
    vectorizer.vocabulary_,
    {"rarity": vectorizer.idf_, "coef": model.coef_, "intercept": model.intercept_, "classes": model.classes_},
)
wanted = model.predict_proba(vectorizer.transform(framed))
found = np.array([scales.chances(text) for text in framed])
assert scales.classes == list(model.classes_)
print(float(np.abs(wanted - found).max()))
"""


@with_rasa
def test_the_classifier_reckons_as_scikit_learn_does(tmp_path: Path) -> None:
    seed = str(int.from_bytes(os.urandom(4), "big"))
    print("seed", seed)
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    command = [str(RASA_PYTHON), "-B", "-c", AS_SCIKIT_LEARN, seed]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout) < 1e-12


@dataclass
class Served:
    """One Rasa that really runs."""

    url: str
    process: asyncio.subprocess.Process
    home: Path
    model: Path


@pytest.fixture
async def served(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Served]:
    """A model trained from the sources as they are, served until the test ends."""
    model, home = tmp_path / "model", tmp_path / "home"
    home.mkdir()
    model.mkdir()
    for prepared in PREPARED.glob("huying.*"):  # train.py tells by the digest whether it still holds
        shutil.copy(prepared, model)
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "HUYING_RASA_TOKEN": TOKEN}
    train = await asyncio.create_subprocess_exec(
        RASA_PYTHON, PROJECT / "train.py", "--out", model, env=env, cwd=home
    )
    assert await asyncio.wait_for(train.wait(), 300) == 0
    process = await asyncio.create_subprocess_exec(
        *(RASA_PYTHON, PROJECT / "serve.py", "--port", str(unused_tcp_port), "--model", model),
        env=env,
        cwd=home,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    served = Served(f"http://127.0.0.1:{unused_tcp_port}", process, home, model)
    yield served
    if process.returncode is None:
        process.kill()
        await process.wait()


async def ready(http: ClientSession, served: Served) -> None:
    """Return when the model is loaded."""
    async with asyncio.timeout(120):
        while served.process.returncode is None:
            with suppress(ClientError):
                async with http.get(f"{served.url}/status", params={"token": TOKEN}) as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.2)
    pytest.fail("rasa ended before it was ready")


@with_rasa
async def test_the_real_server_understands_keeps_silent_and_ends_when_told(served: Served) -> None:
    async with ClientSession() as http:
        await ready(http, served)
        rasa = RasaUnderstanding(http, served.url, TOKEN, wording=Wording.load(), limit=10)
        for text, intent in (
            ("投诉", Intent.COMPLAIN),
            ("咨询", Intent.CONSULT),
            ("转人工", Intent.HUMAN),
            ("是的", Intent.AFFIRM),
        ):
            assert (await rasa.understand(text)).intent is intent
        understood = await rasa.understand(SAID)
        assert understood.intent is Intent.COMPLAIN
        found = {name: understood.value_of(name) for name in ("phone", "place", "time")}
        assert found == {"phone": "13512345678", "place": "翠竹小区", "time": "昨晚十点"}

        async with http.post(f"{served.url}/model/parse", json={"text": "投诉"}) as response:
            assert response.status == 401
        webhook = f"{served.url}/webhooks/rest/webhook"
        async with http.post(
            webhook, params={"token": TOKEN}, json={"sender": "a", "message": "b"}
        ) as response:
            assert response.status == 404

        listed = Path(f"/proc/{served.process.pid}/cmdline")
        if listed.exists():
            assert TOKEN.encode() not in listed.read_bytes()

        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)  # with the client's connection still open
        printed, _ = await asyncio.wait_for(served.process.communicate(), 30)
        assert time.monotonic() - began < 15
    said = printed.decode("utf-8", "replace")
    assert not any(part in said for part in ("翠竹", "13512345678", "投诉", "\\u6295", TOKEN))
    assert list(served.home.iterdir()) == []
    assert {path.name.partition("-")[0] for path in served.model.iterdir()} == {
        "huying.digest",
        "huying.tar.gz",
        "serving",
    }
