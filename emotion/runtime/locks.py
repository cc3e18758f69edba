"""Locks: what one process does at a time."""

import fcntl
import os
from pathlib import Path

LOCKS = Path(".locks")  # in the folder of the project: one lock a stage


def hold(name: str, folder: Path = LOCKS) -> None:
    """Take the lock `name` until this process ends, and wait for it while another process has it.

    A stage may outlive the DVC that has started it; another DVC would run the same stage beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Never closed: the system frees the lock when the process ends, however it ends.
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        holder = os.pread(lock, 20, 0).decode()
        print(f"waiting for process {holder}, which is doing the same; to end it: kill {holder}", flush=True)
        fcntl.lockf(lock, fcntl.LOCK_EX)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
