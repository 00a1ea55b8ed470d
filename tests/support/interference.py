"""Scripts in processes of their own, with the sandbox as AWS, in which a test may interfere."""

from __future__ import annotations

from pathlib import Path

from aws_site import Aws

START = """
import certifi
from botocore.handlers import BUILTIN_HANDLERS
certifi.where = lambda: {ca_file!r}
"""


def interfere(aws: Aws, folder: Path, code: str = "") -> dict[str, str]:
    """The variables of a process that runs this code before its script."""
    start = START.format(ca_file=aws.cloud.state.ca_file)
    (folder / "sitecustomize.py").write_text(start + code)
    return aws.variables | {"PYTHONPATH": str(folder)}
