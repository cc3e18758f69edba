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
        UserError: there is no such recipe or protocol.
    """
    known = read_yaml(recipes)
    recipe, _, protocol = name.rpartition("-")
    for part, kind in ((recipe, "recipes"), (protocol, "protocols")):
        if part not in known[kind]:
            raise UserError(f"'{name}' is no RECIPE-PROTOCOL; the {kind} are: {', '.join(known[kind])}")
    return Row(name, recipe, protocol, known["protocols"][protocol] | known["recipes"][recipe])
