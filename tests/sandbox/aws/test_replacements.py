"""What the sandbox replaces in moto stands in one table, which a newer moto cannot slip past."""

from __future__ import annotations

import ast
import re

import pytest
from conftest import ROOT
from moto.iam.models import SERVICE_NAME_CONVERSION

from sandbox.aws.replacements import (
    REPLACEMENTS,
    ChangedMotoError,
    Replacement,
    install,
)

# moto, and what it stands on.
PACKAGES = {"moto", "botocore", "boto3", "werkzeug", "flask", "flask_cors"}
SETTERS = {"setattr", "delattr", "type.__setattr__", "object.__setattr__"}
MUTATORS = {"append", "clear", "extend", "insert", "pop", "remove", "setdefault", "update"}
IMPORTS = """
import moto.iam.models
import moto.s3 as other
import werkzeug.serving
from botocore.auth import SigV4Auth
from moto.redshift import models
"""


class Moto:
    """Stands for a class of moto's."""

    def there(self) -> str:
        """An operation that moto has."""
        return "moto's"


def test_table_fits_the_moto_that_is_installed_also_a_second_time() -> None:
    install()
    install()
    assert all(getattr(each.owner, each.name) is each.ours for each in REPLACEMENTS)


@pytest.mark.parametrize(
    ("name", "is_new", "said"), [("gone", False, "has no"), ("there", True, "has a")]
)
def test_moto_that_has_changed_is_named_and_nothing_is_replaced(
    name: str, is_new: bool, said: str
) -> None:
    good = Replacement(Moto, "there", lambda _: "ours")
    with pytest.raises(ChangedMotoError, match=rf"moto {said} Moto\.{name}: review .*\.py"):
        install([good, Replacement(Moto, name, lambda _: "ours", is_new)])
    assert Moto().there() == "moto's"


def test_service_that_moto_names_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVICE_NAME_CONVERSION, "redshift", "Otherwise")
    with pytest.raises(ChangedMotoError, match=r"moto has a SERVICE_NAME_CONVERSION\['redshift'\]"):
        install([])
    assert SERVICE_NAME_CONVERSION["redshift"] == "Otherwise"


def names_of_others(tree: ast.Module) -> set[str]:
    """The names that a module imports from moto and what it stands on."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            theirs = [each for each in node.names if each.name.split(".")[0] in PACKAGES]
            found |= {alias.asname or alias.name.split(".")[0] for alias in theirs}
    return found


def changed(node: ast.AST) -> list[ast.expr]:
    """What a node changes: by assigning or deleting, by setattr or by a method of lists or dicts.

    A change by way of another name, as in `there = models.X; there.y = 1`, is not seen.
    """
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return [] if isinstance(node.ctx, ast.Load) else [node]
    if isinstance(node, ast.AugAssign):
        return [node.target]
    if isinstance(node, ast.Call) and ast.unparse(node.func) in SETTERS:
        return node.args[:1]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return [node.func.value] if node.func.attr in MUTATORS else []
    return []


def replaced_in(source: str) -> list[str]:
    """What is others', and a module changes it."""
    tree = ast.parse(source)
    others = names_of_others(tree)
    texts = [ast.unparse(each) for node in ast.walk(tree) for each in changed(node)]
    return [each for each in texts if re.split(r"[.(\[]", each)[0] in others]


def test_no_other_module_replaces_what_is_motos() -> None:
    room = ROOT / "sandbox"
    found = {
        str(each.relative_to(room)): replaced_in(each.read_text())
        for each in room.rglob("*")
        if each.suffix == ".py"
    }
    assert [path for path, names in found.items() if names] == ["aws/replacements.py"]


@pytest.mark.parametrize(
    "line",
    [
        "models.X.y = 1",
        "models.X.y: int = 1",
        "models.X.y, z = 1, 2",
        "models.X.y += 1",
        "models.z['a'] = 1",
        "del models.X.y",
        "models.X().y = 1",
        "setattr(models.X, n, 1)",
        "type.__setattr__(models.X, 'y', 1)",
        "models.z.update(a=1)",
        "models.z.append(1)",
        "other.X.y = 1",
        "moto.iam.models.X.y = 1",
        "werkzeug.serving.make_server = 1",
        "SigV4Auth.signature = 1",
    ],
)
def test_replacement_elsewhere_would_be_seen(line: str) -> None:
    assert replaced_in(IMPORTS + line)


@pytest.mark.parametrize("line", ["models.X(1)", "y = models.z['a']", "mine.y = models.X.y"])
def test_use_of_what_is_motos_is_no_replacement(line: str) -> None:
    assert replaced_in(IMPORTS + line) == []
