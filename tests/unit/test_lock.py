"""requirements.txt pins and hashes what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WANTED = [
    Requirement(text)
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in group
]
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
# An entry is one line, continued by backslashes, and its hashes.
ENTRIES = [entry for entry in LOCK.replace("\\\n", " ").splitlines() if entry and entry[0].isalnum()]
PINS = [Requirement(entry.partition(" --hash=")[0]) for entry in ENTRIES]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_the_lock_satisfies_what_the_project_asks_for(wanted: Requirement) -> None:
    pins = [pin for pin in PINS if pin.name == wanted.name]
    assert pins
    for pin in pins:
        (version,) = pin.specifier
        assert wanted.specifier.contains(version.version)


def test_every_package_has_one_exact_version_and_its_hashes() -> None:
    assert len(PINS) > 100
    for entry, pin in zip(ENTRIES, PINS, strict=True):
        assert [specifier.operator for specifier in pin.specifier] == ["=="]
        assert pin.url is None
        assert re.search(r" --hash=sha256:[0-9a-f]{64}( |$)", entry)


def test_the_lock_names_no_index() -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links", LOCK)
