"""Asks the package registries for known weaknesses of what is locked: ``python tools/advisories.py [--strict]``.

An advisory can appear on any day, so what is found is said loudly and fails only with ``--strict`` (``make check
AUDIT=strict``). A registry that does not answer is said as loudly and fails nothing: nobody can work on that. What has
been looked at and does not concern us stands in ``tools/advisories.json``: package, advisory, reason, and the day on which
to look again; once that day is past it counts as found again.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = ROOT / "tools" / "advisories.json"
PATIENCE = 120  #: seconds for each registry


@dataclass(frozen=True, kw_only=True)
class Weakness:
    """One known weakness of one locked package."""

    package: str
    version: str
    id: str
    fixed_in: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}: {self.id}, fixed in {self.fixed_in or 'no version yet'}"


class NoAnswerError(Exception):
    """The registry did not say; the text is why."""


def main(arguments: Sequence[str]) -> int:
    """Ask both registries; return 1 for weaknesses under ``--strict``, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when something is found")
    strict = parser.parse_args(arguments).strict
    allowed = read_allowed(json.loads(ALLOWED.read_text(encoding="utf-8")), datetime.now(UTC).date())
    return report({"Python packages": python_packages, "npm packages": npm_packages}, allowed, strict=strict)


def report(
    registries: Mapping[str, Callable[[], list[Weakness]]], allowed: set[tuple[str, str]], *, strict: bool
) -> int:
    """Say what each registry knows; return the exit status."""
    found = False
    for name, ask in registries.items():
        try:
            weaknesses = ask()
        except NoAnswerError as reason:
            loudly(f"ADVISORIES NOT CHECKED for {name}: {reason}")
            continue
        known = [one for one in weaknesses if (one.package, one.id) in allowed]
        new = [one for one in weaknesses if one not in known]
        print(f"{name}: {len(new)} known weaknesses, {len(known)} more looked at before")
        if new:
            found = True
            loudly(f"KNOWN WEAKNESSES in {name}:", *(f"  {one}" for one in new))
    return 1 if found and strict else 0


def read_allowed(entries: Sequence[Mapping[str, str]], today: date) -> set[tuple[str, str]]:
    """Return the pairs that need not be told again yet; every entry has a reason and a day."""
    for entry in entries:
        if set(entry) != {"package", "id", "reason", "until"} or not entry["reason"].strip():
            raise ValueError(
                f"tools/advisories.json: package, id, reason and until are needed: {dict(entry)}"
            )
    return {
        (entry["package"], entry["id"]) for entry in entries if date.fromisoformat(entry["until"]) >= today
    }


def python_packages() -> list[Weakness]:
    """Return the known weaknesses of ``locks/product.txt``."""
    program = Path(sys.executable).with_name("pip-audit")
    return of_pip(ask([program, "--requirement", ROOT / "locks" / "product.txt", "--require-hashes",
                       "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]))  # fmt: skip


def npm_packages() -> list[Weakness]:
    """Return the known weaknesses of ``package-lock.json``."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoAnswerError("npm was not found")
    return of_npm(ask([npm, "audit", "--json", "--package-lock-only"]))


def ask(command: Sequence[str | Path]) -> Any:
    """Return the JSON that ``command`` writes, whatever its exit status; ``NoAnswerError`` when it writes none."""
    try:
        said, complained = run([str(word) for word in command])
        return json.loads(said)
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"no answer within {PATIENCE} s") from None
    except ValueError:
        lines = [line.strip() for line in complained.splitlines() if line.strip()]
        raise NoAnswerError(lines[-1][:200] if lines else "no answer") from None
    except OSError as error:
        raise NoAnswerError(str(error)) from None


def run(command: Sequence[str]) -> tuple[str, str]:
    """Return what ``command`` writes to both streams; after ``PATIENCE`` it ends with all that it started."""
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as started:  # fmt: skip
        try:
            return started.communicate(timeout=PATIENCE)
        except BaseException:
            # A child that outlives its parent would hold the streams open, and we would wait for it.
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
            raise


def of_pip(answer: Any) -> list[Weakness]:
    """Read what ``pip-audit --format json`` writes; a package that was skipped is no answer."""
    found = []
    for package in answer["dependencies"]:
        if "skip_reason" in package:
            raise NoAnswerError(f"{package['name']}: {package['skip_reason']}"[:200])
        found += [
            Weakness(
                package=package["name"], version=package["version"], id=one["id"],
                fixed_in=", ".join(one["fix_versions"]),
            )
            for one in package["vulns"]
        ]  # fmt: skip
    return found


def of_npm(answer: Any) -> list[Weakness]:
    """Read what ``npm audit --json`` writes."""
    if "vulnerabilities" not in answer:
        error = answer.get("error", {})
        raise NoAnswerError(str(error.get("summary") or answer.get("message") or "no answer")[:200])
    return [
        Weakness(package=name, version=one["range"], id=str(via["url"]).rpartition("/")[2], fixed_in="")
        for name, one in sorted(answer["vulnerabilities"].items())
        for via in one["via"]
        if isinstance(via, dict)
    ]


def loudly(*lines: str) -> None:
    """Write ``lines`` so that they are seen among others."""
    print("\n".join(("", "!" * 72, *lines, "!" * 72, "")), file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
