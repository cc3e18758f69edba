"""requirements.txt pins and hashes what pyproject.toml asks for."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKED = (
    "s3",
    "cluster",
    "dev",
)  # the extras that `make lock` names; the others are for those who ask for them
WANTED = [
    Requirement(text)
    for group in (PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in LOCKED))
    for text in group
]
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
# An entry is one line, continued by backslashes, and its hashes.
ENTRIES = [entry for entry in LOCK.replace("\\\n", " ").splitlines() if entry and entry[0].isalnum()]
PINS = [Requirement(entry.partition(" --hash=")[0]) for entry in ENTRIES]
ENVIRONMENTS = [
    {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": system,
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": system.lower(),
    }
    for system, machine in (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"))
    for python in ("3.11", "3.12", "3.13")
]


def holds(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_on_every_system_the_lock_has_one_version_that_the_project_asks_for(wanted: Requirement) -> None:
    environments = [environment for environment in ENVIRONMENTS if holds(wanted, environment)]
    assert environments
    for environment in environments:
        (pin,) = (pin for pin in PINS if pin.name == wanted.name and holds(pin, environment))
        (version,) = pin.specifier
        assert wanted.specifier.contains(version.version), environment


def test_every_package_has_one_exact_version_and_its_hashes() -> None:
    assert len(PINS) > 100
    for entry, pin in zip(ENTRIES, PINS, strict=True):
        assert [specifier.operator for specifier in pin.specifier] == ["=="]
        assert pin.url is None
        assert re.search(r" --hash=sha256:[0-9a-f]{64}( |$)", entry)


def test_the_lock_names_no_index() -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links", LOCK)
