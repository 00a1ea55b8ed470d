"""The example in the sandbox's README works, with nothing of the pipeline beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT
from waiting import HANG_SECONDS

README = (ROOT / "sandbox" / "README.md").read_text()


def test_example_for_other_projects_works_without_this_one(tmp_path: Path) -> None:
    setup, test = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    shutil.copytree(ROOT / "sandbox", tmp_path / "sandbox")
    (tmp_path / "conftest.py").write_text(setup)
    (tmp_path / "test_copy.py").write_text(test)
    (tmp_path / "buckets" / "music").mkdir(parents=True)
    (tmp_path / "buckets" / "music" / "plays.json").write_text(
        '{"song": "Half Past Summer", "seconds": 215}'
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_copy.py"]
    variables = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=HANG_SECONDS
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
