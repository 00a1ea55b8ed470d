"""What the sandbox replaces in moto stands in one table, which a newer moto cannot slip past."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from sandbox.aws.replacements import REPLACEMENTS, ChangedMotoError, Replacement, install


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


def names_of_moto(tree: ast.Module) -> set[str]:
    """The names in a module that are imported from moto."""
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    ours = [each for each in imports if (each.module or "").split(".")[0] == "moto"]
    return {alias.asname or alias.name for each in ours for alias in each.names}


def assigned(tree: ast.Module) -> list[ast.expr]:
    """What a module assigns to, the first arguments of setattr included."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            found += [each for each in node.targets if not isinstance(each, ast.Name)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr":
            found.append(node.args[0])
    return found


def replaced_in(source: str) -> list[str]:
    """The attributes and items of moto's that a module assigns to."""
    tree = ast.parse(source)
    moto = names_of_moto(tree)
    targets = [ast.unparse(each) for each in assigned(tree)]
    return [each for each in targets if each.replace("[", ".").split(".")[0] in moto]


def test_no_other_module_replaces_what_is_motos() -> None:
    modules: list[Any] = sorted((ROOT / "sandbox").rglob("*.py"))
    assert ROOT / "sandbox" / "aws" / "clusters.py" in modules
    found = {str(Path(path)): replaced_in(path.read_text()) for path in modules}
    assert {path for path, names in found.items() if names} == set()


@pytest.mark.parametrize("line", ["models.X.y = 1", "models.z['a'] = 1", "setattr(models.X, n, 1)"])
def test_replacement_elsewhere_would_be_seen(line: str) -> None:
    assert replaced_in(f"from moto.redshift import models\n{line}\n")
