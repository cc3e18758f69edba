"""The rows of the table of results: which parameters each runs with."""

from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML

from emotion.config.schema import Params
from emotion.runtime.errors import UserError

RECIPES = Path(__file__).with_name("recipes.yaml")


def row_settings(row: str) -> tuple[str, str, dict[str, Any]]:
    """Return the recipe, the protocol and the parameters of a row.

    Raises:
        UserError: there is no such recipe or protocol.
    """
    known = YAML(typ="safe", pure=True).load(RECIPES)
    recipe, _, protocol = row.rpartition("-")
    for name, kind in ((recipe, "recipes"), (protocol, "protocols")):
        if name not in known[kind]:
            raise UserError(f"'{row}' is no RECIPE-PROTOCOL; the {kind} are: {', '.join(known[kind])}")
    return recipe, protocol, known["protocols"][protocol] | known["recipes"][recipe]


def changed(params: Params, settings: dict[str, Any]) -> Params:
    """Return params with some values changed, which are named as `train.lr`."""
    sections: Any = dict(params)
    for key, value in settings.items():
        section, _, name = key.partition(".")
        sections[section] = sections[section].model_copy(update={name: value})
    return cast(Params, sections)
