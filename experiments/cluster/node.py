"""What a node of a Ray cluster does with an experiment: it finds a slot for it, and runs it there.

A slot is a clone of the project that one experiment has at a time, in SLOTS of the home folder. Ray sends
this module to nodes on which the project may not be, so it imports nothing but the standard library; what
the experiment then runs is the project at the experiment's commit.
"""

import fcntl
import hashlib
import itertools
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

SLOTS = ".cache/facial-emotion-pipeline/slots"
STEP = 0.2  # seconds of waiting at a time: Ray can interrupt Python code alone, and no long wait
PAUSES = (2, 5, 10, 20, 40)  # seconds between attempts to fetch from a Git remote that does not answer

Job = dict[str, Any]  # what `experiments.cluster.driver` orders; see `Cluster._job` there


class Slot(NamedTuple):
    """A slot that is held.

    Attributes:
        number: from 0, of this node.
        folder: of the clone, with its log beside it.
        lock: file descriptor of its lock; whoever has it open holds the slot.
    """

    number: int
    folder: Path
    lock: int


def work(job: Job) -> Iterator[Job]:
    """Run an experiment and yield what `experiments.cluster.task` says of it; if this is closed, end it.

    Yields:
        a message each: of where it runs, of each epoch, and one of how it ended.
    """
    with held_slot(job["remote"]) as slot:
        yield {"node": socket.gethostname(), "slot": slot.number}
        if failure := prepare(slot.folder / "clone", job):
            yield {"failure": failure}
        else:
            yield from follow(slot, job)


@contextmanager
def held_slot(remote: str) -> Iterator[Slot]:
    """Hold the first slot for a Git remote that nobody holds on this node; make one where there is none."""
    home = Path.home() / SLOTS / hashlib.sha256(remote.encode()).hexdigest()[:12]
    for number in itertools.count():
        folder = home / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Slot(number, folder, lock)
            return
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def prepare(clone: Path, job: Job) -> str | None:
    """Bring a clone to the commit of a job, as if nothing had been killed in it; say why that failed."""

    def git(*command: str) -> str:
        done = subprocess.run(["git", *command], cwd=clone, check=True, capture_output=True, text=True)
        return done.stdout

    try:
        clone.mkdir(exist_ok=True)
        git("init", "--quiet")
        (clone / ".git/index.lock").unlink(missing_ok=True)
        (clone / ".git/config").write_text(_CONFIG.format(**job), encoding="utf-8")
        _fetch(git)
        git("checkout", "--quiet", "--force", "--detach", job["commit"])
        for reference in git("for-each-ref", "--format=%(refname)", "refs/exps", "refs/stash").split():
            git("update-ref", "-d", reference)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"{socket.gethostname()}: git {error.cmd[1]} {job['remote']}: {reason}"
    root = clone / job["prefix"]
    shutil.rmtree(root / ".dvc/tmp", ignore_errors=True)
    cache = clone.parent.parent / "cache"  # of all slots
    (root / ".dvc/config.local").write_text(f"[cache]\n    dir = {cache}\n", encoding="utf-8")
    kept = clone.parent.parent / "checkpoints" / job["commit"] / job["experiment"]
    kept.mkdir(parents=True, exist_ok=True)
    link = root / ".checkpoints"  # of this experiment, whichever slot of the node it had before
    link.unlink(missing_ok=True)
    link.symlink_to(kept)
    return None


_CONFIG = """[core]
    repositoryformatversion = 0
    bare = false
[user]
    name = {name}
    email = {email}
[remote "origin"]
    url = {remote}
    fetch = +refs/heads/*:refs/remotes/origin/*
"""


def _fetch(git: Any) -> None:
    for pause in PAUSES:
        try:
            git("fetch", "--quiet", "origin")
            return
        except subprocess.CalledProcessError:
            _wait(pause)
    git("fetch", "--quiet", "origin")


def _wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(STEP)


def follow(slot: Slot, job: Job) -> Iterator[Job]:
    """Run the task in the slot and yield its messages; end it if Ray interrupts this or nobody listens."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}  # Ray's
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    with (slot.folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "experiments.cluster.task"],
            cwd=slot.folder / "clone" / job["prefix"],
            stdin=subprocess.PIPE,  # at its end the task ends itself: this process has died, or gives up
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            pass_fds=[slot.lock],  # so that nobody else has the slot before the task has left it
        )
    assert process.stdin
    assert process.stdout
    ended = False
    try:
        process.stdin.write(json.dumps(job | {"slot": slot.number}).encode() + b"\n")
        process.stdin.flush()
        for line in _lines(process.stdout.fileno()):
            message = json.loads(line)
            ended = ended or "failure" in message or "record" in message
            yield message
    finally:
        process.stdin.close()
        for _ in _lines(process.stdout.fileno()):
            pass
        process.stdout.close()
        process.wait()
    if not ended:
        last = (slot.folder / "log").read_text(errors="replace").strip().splitlines()[-1:]
        yield {"failure": f"{socket.gethostname()}: the task ended without a result: {''.join(last)}"}


def _lines(pipe: int) -> Iterator[bytes]:
    """Yield the lines that come out of a pipe, waiting in short steps."""
    rest = b""
    while True:
        if not select.select([pipe], [], [], STEP)[0]:
            continue
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
