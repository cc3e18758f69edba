"""A stage of the pipeline, from its start until its outputs are put in place.

DVC takes the hashes of a stage's dependencies and the values of its parameters after its command has ended
(DVC's issue 11058, open in 3.67): what was edited meanwhile is recorded as what made the outputs, and nothing
runs again. So a stage notes when it starts what DVC is going to record, and looks again before it puts its
outputs in place. An edit during the seconds in which a stage imports its modules is not noticed.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from emotion.runtime.errors import UserError
from emotion.runtime.lockfile import check_intact, md5
from emotion.runtime.locks import hold
from emotion.runtime.yaml import DAG, PARAMS, read_yaml

CODE = ("emotion/", "stages/")
IGNORED = re.compile(r"(^|/)(__pycache__/|\..*\.sw.$|\.#)|~$")  # what .dvcignore leaves out
NAMED = 5  # changes that are named in a message; a switch to another branch may bring a hundred
MISSING = "missing"


@dataclass(frozen=True)
class Stage:
    """A stage that has started.

    Attributes:
        name: its name in dvc.yaml.
        sections: the sections of params.yaml that DVC records for it.
        paths: the code and the inputs that DVC records for it.
        noted: the values of these parameters and the hashes of these files when it started.
        dvc: the DVC that has started it; None where it was started by hand.
    """

    name: str
    sections: list[str]
    paths: list[Path]
    noted: dict[str, Any]
    dvc: psutil.Process | None

    def check_unchanged(self) -> None:
        """Refuse outputs that DVC would record as made by something else; call it before they are in place.

        Raises:
            UserError: a parameter, a module or an input is not what it was; the message names it.
        """
        params = _values(read_yaml(PARAMS)) if self.sections else {}
        recorded = {name: value for name, value in params.items() if name.split(".")[0] in self.sections}
        now = recorded | _hashes(self.paths)
        pairs = {name: (self.noted.get(name, MISSING), now.get(name, MISSING)) for name in self.noted | now}
        changed = [f"{name} ({old}, now {new})" for name, (old, new) in pairs.items() if old != new]
        if changed:
            more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
            raise UserError(
                f"changed while {self.name} ran: {', '.join(changed[:NAMED])}{more}; put it back (a training "
                "then goes on from its checkpoint) or keep it, and run it again"
            )

    def check_dvc_is_there(self) -> None:
        """End a stage that nobody waits for: `dvc queue kill --force` ends DVC alone.

        Raises:
            UserError: the DVC that has started this stage has ended.
        """
        if self.dvc and self.dvc not in _ancestors():  # a dead process is nobody's ancestor
            raise UserError(
                f"the DVC that started {self.name} (process {self.dvc.pid}) has ended and would not record "
                "its outputs; run it again: a training goes on from its checkpoint"
            )


def begin(name: str, params: Mapping[str, Any], *inputs: Path) -> Stage:
    """Start a stage: note what DVC is going to record of it, check its inputs, and wait for its turn.

    Args:
        name: its name in dvc.yaml.
        params: the sections of params.yaml, as they were loaded, by name.
        inputs: the files and folders that it reads; one that is not there is left to its reader.

    Raises:
        UserError: an input is not what dvc.lock records.
    """
    recorded = read_yaml(DAG)["stages"][name] if DAG.is_file() else {}  # elsewhere a stage is run by hand
    sections = recorded.get("params", [])
    values = _values({section: params[section].model_dump() for section in sections})
    code = [
        Path(re.sub(r"\$\{(.+?)\}", lambda found: values[found[1]], path))
        for path in recorded.get("deps", [])
        if path.startswith(CODE)
    ]
    paths = [*code, *inputs]
    stage = Stage(name, sections, paths, values | _hashes(paths), _starter())
    check_intact(*inputs)
    hold(name)
    return stage


def _values(content: Any, name: str = "") -> dict[str, Any]:
    """Return the values of nested dictionaries by their full names, such as train.lr."""
    if not isinstance(content, dict):
        return {name: content}
    values: dict[str, Any] = {}
    for key, value in content.items():
        values |= _values(value, f"{name}.{key}" if name else str(key))
    return values


def _hashes(paths: Iterable[Path]) -> dict[str, str]:
    """Return the MD5 of each file, and of each in a folder that .dvcignore does not leave out."""
    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob("*")) if path.is_dir() else [path]
    kept = [file for file in files if file.is_file() and not IGNORED.search(file.as_posix())]
    return {file.as_posix(): f"MD5 {md5(file)[:8]}" for file in kept}


def _starter() -> psutil.Process | None:
    """Return the DVC that has started this process, perhaps through a shell; None where it was none.

    Raises:
        UserError: it ends while it is asked for its name.
    """
    if "DVC_STAGE" not in os.environ:
        return None
    # As DVC chooses it. Some shells wait for their command, others become it.
    shell = Path(os.environ.get("SHELL") or "/bin/sh").name
    try:
        return next((process for process in _ancestors() if process.name() != shell), None)
    except psutil.NoSuchProcess as error:
        reason = f"the DVC that started this stage (process {error.pid}) has ended; run it again"
        raise UserError(reason) from error


def _ancestors() -> Iterator[psutil.Process]:
    """Yield the processes that led to this one, the nearest first, up to one that has just ended."""
    process = psutil.Process()
    with suppress(psutil.NoSuchProcess):
        while parent := process.parent():
            yield parent
            process = parent
