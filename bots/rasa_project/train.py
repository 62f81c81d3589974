"""Train the model when its sources changed: ``python bots/rasa_project/train.py --out DIR``, with Rasa's own Python.

Prints one line; ``DIR`` then holds ``huying.tar.gz`` and ``huying.digest``, and nothing is written outside of it.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
MODEL = "huying.tar.gz"
DIGEST = "huying.digest"
SOURCES = ("domain.yml", "lock.txt", "data/nlu/*.yml", "components/*.py")


def digest(config: Path) -> str:
    """Return the digest of everything that the model is made of, names and contents."""
    found = hashlib.sha256()
    for path in [config, *sorted({path for pattern in SOURCES for path in PROJECT.glob(pattern)})]:
        for part in (path.name.encode(), path.read_bytes()):
            found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


def environment(scratch: Path) -> dict[str, str]:
    """Return an environment that is quiet, sends nothing home and writes below ``scratch`` only."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    return kept | {
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "PYTHONUTF8": "1",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "MPLCONFIGDIR": str(scratch),
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_MAX_CACHE_SIZE": "0",
        "RASA_CACHE_DIRECTORY": str(scratch / "cache"),
        "LOG_LEVEL": "WARNING",
        "LOG_LEVEL_LIBRARIES": "ERROR",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_INTRA_OP_PARALLELISM_THREADS": "1",
        "TF_INTER_OP_PARALLELISM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "SANIC_WORKERS": "1",
    }


def command(config: Path, out: Path) -> list[str]:
    """Return the command line that trains."""
    return [
        *(sys.executable, "-m", "rasa", "train", "nlu", "--quiet"),
        *("--config", str(config), "--domain", str(PROJECT / "domain.yml")),
        *("--nlu", str(PROJECT / "data" / "nlu")),
        *("--out", str(out), "--fixed-model-name", MODEL.removesuffix(".tar.gz")),
    ]


def train(config: Path, out: Path) -> None:
    """Make a new model beside the old one and take its place only when it is whole."""
    scratch = out / "training"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    ran = subprocess.run(
        command(config, scratch),
        cwd=scratch,
        env=environment(scratch),
        check=False,
        capture_output=True,
        text=True,
    )
    if ran.returncode or not (scratch / MODEL).is_file():
        sys.exit(f"rasa: training failed ({ran.returncode}): {(ran.stderr or ran.stdout)[-2000:]}")
    (out / DIGEST).unlink(missing_ok=True)
    (scratch / MODEL).replace(out / MODEL)
    (out / DIGEST).write_text(digest(config) + "\n", encoding="ascii")
    shutil.rmtree(scratch, ignore_errors=True)


def is_current(config: Path, out: Path) -> bool:
    """Tell whether the model in ``out`` was made of the sources as they are now."""
    made_of = out / DIGEST
    return (
        (out / MODEL).is_file()
        and made_of.is_file()
        and made_of.read_text(encoding="ascii").strip() == digest(config)
    )


def main() -> None:
    """Train unless there is nothing new."""
    arguments = argparse.ArgumentParser(description="Train the understanding model if its sources changed.")
    arguments.add_argument("--out", type=Path, required=True, help="the folder of the model")
    arguments.add_argument(
        "--config", type=Path, default=PROJECT / "config.yml", help="another pipeline, to measure it"
    )
    given = arguments.parse_args()
    config, out = given.config.resolve(), given.out.resolve()
    if is_current(config, out):
        print(f"rasa: model is current: {out / MODEL}")
        return
    began = time.monotonic()
    train(config, out)
    print(f"rasa: model trained in {time.monotonic() - began:.0f} s: {out / MODEL}")


if __name__ == "__main__":
    main()
