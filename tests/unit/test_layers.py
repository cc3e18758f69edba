"""Arrows go downwards: a module imports its own package and those of lower layers, no others of ours."""

import pytest

from tests.support.imports import imports
from tests.support.paths import ROOT

LAYERS = [  # from the lowest; packages of one layer do not import each other
    {"emotion.labels", "emotion.runtime"},
    {"emotion.config"},
    {"emotion.source"},
    {"emotion.data"},
    {"emotion.synthetic", "emotion.validation", "emotion.network", "emotion.evaluation", "emotion.inference"},
    {"emotion.training", "emotion.export", "emotion.explain", "emotion.report"},
    {"emotion.predict"},
    {"stages"},
    {"experiments", "benchmarks", "tools"},
]
HEIGHT = {package: height for height, layer in enumerate(LAYERS) for package in layer}
CODE = [
    path
    for folder in ("emotion", "stages", "experiments", "benchmarks", "tools")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name != "__init__.py"
]


def package_of(name: str) -> str | None:
    """Return the package of LAYERS that a dotted name belongs to, None if it is none of ours."""
    return next((package for package in HEIGHT if f"{name}.".startswith(f"{package}.")), None)


@pytest.mark.parametrize("module", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_downwards_alone(module: object) -> None:
    path = ROOT / str(module)
    own = package_of(path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."))
    assert own, f"{path} belongs to no layer: add its package to LAYERS"
    others = {package for name in imports(path) if (package := package_of(name)) and package != own}
    assert {package for package in others if HEIGHT[package] >= HEIGHT[own]} == set()
