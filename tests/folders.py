"""Folders for servers that run as another user when we are root."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server_folder() -> Iterator[Path]:
    """A new folder, gone at the end; not below pytest's own, which every run of pytest closes to others anew."""
    folder = Path(tempfile.mkdtemp(prefix="huying-test-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
