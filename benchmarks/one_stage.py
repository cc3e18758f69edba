"""A stage as dvc.yaml has it, run in the current folder without DVC, and what it costs."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

from emotion.runtime.errors import UserError
from emotion.runtime.project import ROOT
from emotion.runtime.yaml import DAG, read_yaml

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in which the system counts
INTERVAL = 0.02  # seconds between two looks at the memory of a process


class Cost(NamedTuple):
    """What a process takes.

    Attributes:
        seconds: of processors.
        resident: its largest resident set as Linux or macOS counts it, in MB of 10^6 bytes. It has the pages
            of files that are mapped, which the system takes back when it needs the room.
        anonymous: the most that it had without those, in MB; 0 where the system, as macOS, does not tell.
    """

    seconds: float
    resident: float
    anonymous: float


def run_stage(stage: str) -> Cost:
    """Run a stage in the current folder, which has its params.yaml and what it reads; return its cost.

    Raises:
        UserError: see `measure`.
    """
    command = str(_entry(stage)["cmd"]).replace("$DVC_ROOT", ".")
    _, *words = shlex.split(command)  # python is that of the environment, which may not be in the path
    return measure([sys.executable, *words])


def outputs(stage: str) -> list[Path]:
    """Return what a stage writes and DVC keeps, as paths in the folder where it runs."""
    return [Path(path) for path in _entry(stage)["outs"]]


def _entry(stage: str) -> Any:
    return read_yaml(ROOT / DAG)["stages"][stage]


def measure(command: list[str]) -> Cost:
    """Run a command of this project and return its cost.

    Linux counts the memory of the process that starts a command as the command's own until that is
    loaded, so call this from a process that has imported nothing heavy.

    Raises:
        UserError: the command fails; what it says goes to standard error.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    ended, anonymous = Event(), [0]
    watch = Thread(target=_watch, args=(Path(f"/proc/{process.pid}/status"), ended, anonymous))
    watch.start()
    _, status, usage = os.wait4(process.pid, 0)
    ended.set()
    watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise UserError(f"{' '.join(command[1:3])} failed with status {process.returncode}")
    seconds = usage.ru_utime + usage.ru_stime
    return Cost(seconds, usage.ru_maxrss * UNIT / 1e6, max(anonymous) / 1e6)


def _watch(status: Path, ended: Event, anonymous: list[int]) -> None:
    """Note the anonymous memory of a process, in bytes, until it has ended."""
    while not ended.wait(INTERVAL):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        except OSError:
            return
        anonymous.append(int(fields.get("RssAnon", "0 kB").split()[0]) * 1024)
