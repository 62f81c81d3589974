"""Makes a fresh checkout ready to run: environments, assets, the Rasa model. Standard library only.

Each step keeps a stamp holding the digest of what it was made from, so that a second run costs nothing.
"""

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
LOG = LOCAL / "prepare.log"
UV_HOME = ROOT / ".tools" / "uv"
UV = UV_HOME / "bin" / "uv"
VENV = ROOT / ".venv"
RASA_VENV = ROOT / ".rasa-venv"
RASA_PROJECT = ROOT / "bots" / "rasa_project"
MODEL = LOCAL / "rasa-model"
OLDEST_NODE = 20

# Each of these makes Python, pip or uv use another interpreter or project than the one asked for.
MISLEADING = (
    "PYENV_VERSION",
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "UV_PYTHON",
    "UV_PROJECT",
)
NETWORK = re.compile(
    r"error sending request|dns error|failed to (lookup|resolve)|could not resolve|name resolution|connection (refused|reset|error)"
    r"|network is unreachable|timed? ?out|no route to host|newconnectionerror|no matching distribution"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|tls|certificate",
    re.IGNORECASE,
)


class PrepareError(Exception):
    """Preparation cannot go on; the text is one line that says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to have; ``make`` runs only when ``inputs`` changed since the stamp was written."""

    name: str
    stamp: Path
    inputs: Callable[[], Iterable[str]]
    make: Callable[[], None]
    made: Path  #: what must exist afterwards; gone, it is made again
    wanted: Callable[[], bool] = lambda: True


def main(arguments: list[str]) -> int:
    """Prepare what is named; return 1 after saying in one line what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("all", "browser", "locks"), nargs="?", default="all")
    parser.add_argument("--upgrade", action="store_true", help="with locks: take newer versions")
    options = parser.parse_args(arguments)
    os.umask(0o022)  # the embedded PostgreSQL may run as another user and must be able to read the binaries
    try:
        with alone():
            if options.what == "browser":
                browser()
            elif options.what == "locks":
                locks(upgrade=options.upgrade)
            else:
                everything()
    except PrepareError as error:
        print(f"Huying: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Huying: preparation interrupted; run make again to go on.", file=sys.stderr)
        return 130
    return 0


def everything() -> None:
    """Bring every step up to date."""
    check_python()
    for step in STEPS:
        if step.wanted():
            bring_up_to_date(step)


def bring_up_to_date(step: Step) -> None:
    """Run ``step`` unless its stamp says that nothing changed."""
    digest = digest_of(step.inputs())
    if step.made.exists() and step.stamp.exists() and step.stamp.read_text() == digest:
        return
    step.stamp.unlink(missing_ok=True)  # an interrupted step is never taken for a finished one
    started = time.monotonic()
    print(f"Preparing {step.name} …", flush=True)
    step.make()
    step.stamp.parent.mkdir(parents=True, exist_ok=True)
    step.stamp.write_text(digest)
    print(f"  {step.name} ready ({time.monotonic() - started:.0f} s)", flush=True)


def digest_of(inputs: Iterable[str]) -> str:
    """Return the digest of ``inputs`` and of where this checkout lies: environments cannot be moved."""
    sums = hashlib.sha256(str(ROOT).encode())
    for text in inputs:
        sums.update(b"\0" + text.encode())
    return sums.hexdigest()


def content(*paths: Path) -> Iterator[str]:
    """Yield name and content of every file at or under ``paths`` that belongs to the sources."""
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith("."):
                yield f"{file.relative_to(ROOT)}\n{file.read_bytes().hex()}"


def check_python() -> None:
    """Refuse any Python but the one that the locks were made for."""
    if sys.version_info[:2] != (3, 11):
        raise PrepareError(
            f"Python 3.11 is needed, this is {platform.python_version()}: install it "
            "(Debian: apt-get install python3.11 python3.11-venv) or run make PYTHON=/path/to/python3.11"
        )


def interpreter() -> str:
    """Return the path of the real interpreter, never that of a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def python_inputs(*locks: Path) -> Callable[[], Iterable[str]]:
    """Return what an environment is made from: the interpreter and its locks."""
    return lambda: [interpreter(), platform.python_version(), *content(*locks)]


# Tools and environments


def make_uv() -> None:
    """Bring uv, at the locked version, into ``.tools``."""
    shutil.rmtree(UV_HOME, ignore_errors=True)
    run([interpreter(), "-m", "venv", UV_HOME], "the virtual environment of uv")
    pip: list[str | Path] = [
        UV_HOME / "bin" / "python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
    ]
    run(
        [
            *pip,
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
            "-r",
            ROOT / "locks" / "uv.txt",
        ],
        "uv",
    )


def make_venv(folder: Path, lock: Path, what: str) -> None:
    """Make ``folder`` hold exactly what ``lock`` names."""
    if not usable(folder):
        shutil.rmtree(folder, ignore_errors=True)
        run([UV, "venv", "--quiet", "--no-config", "--no-project", "--python", interpreter(), folder], what)
    sync: list[str | Path] = [
        UV,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--compile-bytecode",
        "--python",
        folder / "bin" / "python",
    ]
    run([*sync, lock], what)


def usable(folder: Path) -> bool:
    """Tell whether the environment at ``folder`` was made here, by this interpreter."""
    configuration = folder / "pyvenv.cfg"
    if (
        not configuration.exists()
        or f"home = {Path(interpreter()).parent}\n" not in configuration.read_text()
    ):
        return False
    python = folder / "bin" / "python"
    return subprocess.run([python, "-I", "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0


def make_product() -> None:
    """Install the product's environment and the command ``huying``."""
    make_venv(VENV, ROOT / "locks" / "dev.txt", "the product's environment")
    packages = next((VENV / "lib").glob("python3.*/site-packages"))
    (packages / "huying.pth").write_text(f"{ROOT}\n")
    launcher = VENV / "bin" / "huying"
    # -P: a folder named like one of our packages, where the user happens to stand, must not be taken for it.
    launcher.write_text('#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -P -m gateway "$@"\n')
    launcher.chmod(0o755)


def make_rasa() -> None:
    """Install Rasa's environment."""
    make_venv(RASA_VENV, RASA_PROJECT / "lock.txt", "Rasa's environment")


def make_assets() -> None:
    """Install the pages' assets and build what is served from them."""
    check_node()
    run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], "the pages' assets")


def build_assets() -> None:
    """Build the chat element and copy the style sheets to where they are served from."""
    check_node()
    run(["node", BUILD], "the pages' assets")
    run(["node", DESK_BUILD], "the desk's assets")


def check_node() -> None:
    """Refuse a machine without a Node that esbuild and npm run on."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing = "node" if node is None else "npm"
        raise PrepareError(
            f"{missing} was not found: install Node {OLDEST_NODE} or newer with npm, then run make again"
        )
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = re.match(r"v(\d+)", found)
    if major is None or int(major[1]) < OLDEST_NODE:
        raise PrepareError(
            f"Node {OLDEST_NODE} or newer is needed, this is {found or 'unknown'}: install a newer one"
        )


def train() -> None:
    """Train the model that understands messages."""
    MODEL.parent.mkdir(exist_ok=True)
    run([RASA_VENV / "bin" / "python", RASA_PROJECT / "train.py", "--out", MODEL], "the Rasa model")


def learn() -> None:
    """Learn from the examples what danger and what other people's matters sound like."""
    run([VENV / "bin" / "python", "-P", "-m", "cities.learning"], "what is learnt from examples")


def learnt_from() -> Iterator[str]:
    """Yield what the learning depends on: examples, the lists of every city, and the code that reads both."""
    files = sorted(path for path in (ROOT / "cities").rglob("*") if path.suffix in (".py", ".yaml", ".jsonl"))
    yield from content(*files, *sorted((ROOT / "hotline").glob("*.py")))


TRAINED = {
    "components",
    "config.yml",
    "data",
    "domain.yml",
    "lock.txt",
    "train.py",
}  #: what the model is made from
BUILD = ROOT / "gateway" / "web" / "assets" / "build.mjs"
DESK_BUILD = ROOT / "dispatch_desk" / "web" / "assets.mjs"
STEPS = (
    Step(
        name="uv",
        stamp=UV_HOME / ".prepared",
        inputs=python_inputs(ROOT / "locks" / "uv.txt"),
        make=make_uv,
        made=UV,
    ),
    Step(
        name="the product's environment",
        stamp=VENV / ".prepared",
        inputs=python_inputs(ROOT / "locks" / "dev.txt", Path(__file__)),
        make=make_product,
        made=VENV / "bin" / "huying",
    ),
    Step(
        name="what is learnt from examples",
        stamp=LOCAL / "hearing.prepared",
        inputs=learnt_from,
        make=learn,
        made=ROOT / "cities" / "common" / "hearing.json",
    ),
    Step(
        name="the pages' assets",
        stamp=ROOT / "node_modules" / ".prepared",
        inputs=lambda: content(ROOT / "package.json", ROOT / "package-lock.json"),
        make=make_assets,
        made=ROOT / "node_modules",
    ),
    Step(
        name="the built pages",
        stamp=LOCAL / "assets.prepared",
        inputs=lambda: content(
            ROOT / "package-lock.json",
            BUILD.parent,
            DESK_BUILD,
            DESK_BUILD.parent / "assets",
            ROOT / "groundwork" / "look",
        ),
        make=build_assets,
        made=DESK_BUILD.parent / "static" / "vendor",  # the last thing that is built
    ),
    Step(
        name="Rasa's environment",
        stamp=RASA_VENV / ".prepared",
        inputs=python_inputs(RASA_PROJECT / "lock.txt"),
        make=make_rasa,
        made=RASA_VENV / "bin" / "rasa",
        wanted=(RASA_PROJECT / "lock.txt").exists,
    ),
    Step(
        name="the Rasa model",
        stamp=LOCAL / "rasa-model.prepared",
        inputs=lambda: content(*(path for path in sorted(RASA_PROJECT.iterdir()) if path.name in TRAINED)),
        make=train,
        made=MODEL / "huying.tar.gz",
        wanted=(RASA_PROJECT / "train.py").exists,
    ),
)


# Browser and locks


#: the first has no windows of its own, which makes the browser tests twice as quick; the second is there wherever Debian is
PACKAGES = ("chromium-headless-shell", "chromium")


def browser() -> None:
    """Install Chromium for the browser tests where that is possible; otherwise say that they are skipped."""
    if shutil.which(PACKAGES[0]):
        return
    there = any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        if not there:
            print(
                "No Chromium here: the browser tests are skipped (install a package named chromium to have them)."
            )
        return
    print("Installing Chromium for the browser tests …", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "fonts-wqy-microhei"]
    why = ""
    for package in PACKAGES[:1] if there else PACKAGES:
        try:
            run(["apt-get", "update", "-qq"], "the list of Debian packages", extra=quiet)
            run([*install, package], "Chromium", extra=quiet)
        except PrepareError as error:
            why = str(error)
        else:
            return
    if not there:
        print(f"No Chromium here: the browser tests are skipped ({why}).")


def locks(*, upgrade: bool) -> None:
    """Resolve ``pyproject.toml`` again into hashed locks that name no registry."""
    bring_up_to_date(STEPS[0])
    more = ["--upgrade"] if upgrade else []
    compile_: list[str | Path] = [
        UV,
        "pip",
        "compile",
        "--quiet",
        "--python",
        interpreter(),
        "--generate-hashes",
        "--no-emit-index-url",
    ]
    compile_ += ["--no-header", *more]
    run([*compile_, "pyproject.toml", "-o", "locks/product.txt"], "the product's lock")
    run([*compile_, "--group", "dev", "pyproject.toml", "-o", "locks/dev.txt"], "the lock for development")


# Running commands


def run(command: Sequence[str | Path], what: str, *, extra: Mapping[str, str] | None = None) -> None:
    """Run ``command`` with its output in the log, or raise ``PrepareError`` naming the reason."""
    LOCAL.mkdir(exist_ok=True)
    words = [str(word) for word in command]
    with LOG.open("a+", encoding="utf-8", errors="replace") as log:
        log.write(f"\n$ {' '.join(words)}\n")
        log.flush()
        start = log.tell()
        try:
            code = subprocess.run(
                words, cwd=ROOT, env=environment() | dict(extra or {}), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, check=False,
            ).returncode  # fmt: skip
        except OSError as error:
            raise PrepareError(
                f"{words[0]} cannot be run ({error.strerror}): run make setup again"
            ) from error
        log.seek(start)
        said = log.read()
    if code:
        raise PrepareError(reason(what, code, said))


def reason(what: str, code: int, said: str) -> str:
    """Return one line on why ``what`` failed and what to do about it."""
    where = LOG.relative_to(ROOT)
    if "No space left" in said:
        return (
            f"the disk is full while preparing {what}: make room (about 4 GB are needed) and run make again"
        )
    if "hash mismatch" in said.lower() or "EINTEGRITY" in said:
        return (
            f"a file of {what} is not the locked one (digest differs): do not use this registry; see {where}"
        )
    if NETWORK.search(said):
        return (
            f"the package registry cannot be reached for {what}: check the network, or name a mirror "
            f"(PIP_INDEX_URL, npm config registry), then run make again; see {where}"
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"preparing {what} failed with exit code {code}: {lines[-1][:200] if lines else 'no output'}; see {where}"


def environment() -> dict[str, str]:
    """Return the environment for package clients: nothing misleading, the user's mirror kept."""
    env = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    if mirror := env.get("PIP_INDEX_URL") or pip_mirror():
        env.setdefault("UV_DEFAULT_INDEX", mirror)  # uv does not read pip's configuration
    env.setdefault("UV_HTTP_TIMEOUT", "120")
    env["UV_PYTHON_DOWNLOADS"] = "never"
    return env


@cache
def pip_mirror() -> str:
    """Return the registry that the user's pip configuration names, or nothing."""
    if not UV_HOME.exists():
        return ""
    asked: list[str | Path] = [UV_HOME / "bin" / "python", "-m", "pip", "config", "get", "global.index-url"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other preparation of this checkout runs."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / "prepare.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another preparation of this checkout is running; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
