"""Import a module where nothing is installed but some packages and what these need.

    python -m tests.support.hidden experiments.local keras jax pandas

Those that are installed beside them are not found.
"""

import importlib
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def needed(names: Iterable[str]) -> set[str]:
    """Return packages and all that they need, by their canonical names."""
    found, todo = set[str](), list(map(canonicalize_name, names))
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += map(canonicalize_name, _requirements(name))
    return found


def _requirements(name: str) -> list[str]:
    try:
        wanted = [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:  # it is for another system
        return []
    return [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]


class Hidden:
    """Finds no module of a package that is not among those that may be found."""

    def __init__(self, found: set[str]) -> None:
        self._found, self._packages = found, packages_distributions()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise ModuleNotFoundError for a module that is hidden; leave all others to Python's own finders."""
        packages = self._packages.get(name)
        if packages and not self._found & set(map(canonicalize_name, packages)):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if __name__ == "__main__":
    module, *packages = sys.argv[1:]
    sys.meta_path.insert(0, Hidden(needed(packages)))
    importlib.import_module(module)
