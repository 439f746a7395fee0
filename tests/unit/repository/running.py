"""Git itself, for the repositories of tests."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any


def run(*arguments: str | bytes | Path, cwd: Path, code: int = 0, **options: Any) -> str:
    """What git says; it has to end with the exit code."""
    done = subprocess.run(("git", *arguments), cwd=cwd, capture_output=True, text=True, check=False, **options)
    assert done.returncode == code, done.stderr
    return done.stdout.strip()
