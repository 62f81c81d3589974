"""Compare whole Rasa pipelines by Rasa's own cross-validation, with Rasa's own Python from the project's root:

``.rasa-venv/bin/python bots/rasa_project/tests/cross_validate.py [--folds 3] [CONFIG …]``

Prints one line for each pipeline: share of the training sentences told right while held out, macro F1, and the CPU that the
whole run took. Without arguments: ours, Rasa's logistic regression, DIET (``candidates/``).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CONFIGS = (
    PROJECT / "config.yml",
    *(PROJECT / "tests" / "candidates" / name for name in ("rasa_lr.yml", "diet.yml")),
)
sys.path.insert(0, str(PROJECT))

from train import environment  # noqa: E402  # the folder is no package


def validated(config: Path, folds: int, scratch: Path) -> tuple[float, float]:
    """Return accuracy and macro F1 over all folds; a run that fails ends the program with what Rasa said."""
    out = scratch / "results"
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "rasa", "test", "nlu", "--quiet", "--cross-validation", "--no-plot"),
            *("--folds", str(folds), "--config", str(config), "--nlu", str(PROJECT / "data" / "nlu")),
            *("--domain", str(PROJECT / "domain.yml"), "--out", str(out)),
        ],
        cwd=scratch,
        env=environment(scratch),
        check=False,
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        sys.exit(f"rasa: validation of {config.stem} failed ({ran.returncode}): {ran.stderr[-2000:]}")
    report = json.loads((out / "intent_report.json").read_text(encoding="utf-8"))
    return float(report["accuracy"]), float(report["macro avg"]["f1-score"])


def main() -> None:
    """Measure each pipeline in a folder of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("configs", nargs="*", type=Path, default=CONFIGS)
    given = parser.parse_args()
    for config in given.configs:
        began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        with tempfile.TemporaryDirectory() as scratch:
            right, f1 = validated(config.resolve(), given.folds, Path(scratch))
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime
        print(
            f"{config.stem:10} right {right:.3f}  macro F1 {f1:.3f}  CPU {cpu:.0f} s  wall {time.monotonic() - began:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
