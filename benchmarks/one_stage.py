"""A stage as dvc.yaml has it, run in the current folder without DVC, and its peak memory.

Peak memory is the largest resident set as Linux or macOS counts it.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from emotion.runtime.errors import UserError
from emotion.runtime.project import ROOT
from emotion.runtime.yaml import DAG, read_yaml

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in which the system counts


def run_stage(stage: str) -> float:
    """Run a stage in the current folder, which has its params.yaml and what it reads; return its peak memory.

    Raises:
        UserError: see `peak_memory`.
    """
    command = str(_entry(stage)["cmd"]).replace("$DVC_ROOT", ".")
    _, *words = shlex.split(command)  # python is that of the environment, which may not be in the path
    return peak_memory([sys.executable, *words])


def outputs(stage: str) -> list[Path]:
    """Return what a stage writes and DVC keeps, as paths in the folder where it runs."""
    return [Path(path) for path in _entry(stage)["outs"]]


def _entry(stage: str) -> Any:
    return read_yaml(ROOT / DAG)["stages"][stage]


def peak_memory(command: list[str]) -> float:
    """Run a command of this project and return its largest resident set, in MB of 10^6 bytes.

    Linux counts the memory of the process that starts a command as the command's own until that is
    loaded, so call this from a process that has imported nothing heavy.

    Raises:
        UserError: the command fails; what it says goes to standard error.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise UserError(f"{' '.join(command[1:3])} failed with status {process.returncode}")
    return usage.ru_maxrss * UNIT / 1e6
