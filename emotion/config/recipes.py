"""The rows of the table of results: which parameters each runs with."""

from pathlib import Path
from typing import Any, NamedTuple

from emotion.runtime.errors import UserError
from emotion.runtime.project import ROOT
from emotion.runtime.yaml import read_yaml

RECIPES = ROOT / "experiments/recipes.yaml"


class Row(NamedTuple):
    """A row of the table of results.

    Attributes:
        name: RECIPE-PROTOCOL.
        recipe: how its network is trained.
        protocol: how its faces are split.
        settings: every parameter of `preprocess`, `model` and `train` but the seed of the training;
            under FER+'s labels also `fetch.ferplus`.
    """

    name: str
    recipe: str
    protocol: str
    settings: dict[str, Any]


def find_row(name: str, recipes: Path = RECIPES) -> Row:
    """Return the row of this name, of a file of recipes.

    Raises:
        UserError: there is no such recipe or protocol, or the file has none.
    """
    content = read_yaml(recipes)
    recipe, _, protocol = name.rpartition("-")
    settings: dict[str, Any] = {}
    for kind, part in (("protocols", protocol), ("recipes", recipe)):
        known = content.get(kind) if isinstance(content, dict) else None
        if not isinstance(known, dict):
            raise UserError(f"{recipes} has no section {kind}; undo the change of it: git restore {recipes}")
        if part not in known:
            raise UserError(f"'{name}' is no RECIPE-PROTOCOL; the {kind} are: {', '.join(map(str, known))}")
        if not isinstance(known[part], dict):
            raise UserError(f"{recipes}: {kind}.{part} has no parameters: add some, or remove it")
        settings |= known[part]
    return Row(name, recipe, protocol, settings)
