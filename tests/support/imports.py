"""Which modules of this project a module imports."""

import ast
from pathlib import Path

from tests.support.paths import ROOT


def imported(name: str) -> set[Path]:
    """Return the files of a module of this project and of all that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [name]
    while waiting:
        module = ROOT / f"{waiting.pop().replace('.', '/')}.py"
        if module.is_file() and module not in found:
            found.add(module)
            waiting += imports(module)
    return found


def imports(module: Path) -> list[str]:
    """Return the names that a module imports, each with its package; some may be no modules."""
    names: list[str] = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
