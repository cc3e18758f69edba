"""What the Git remote knows of the experiments of a cluster: each that is complete has a record there.

`dvc exp push` sends the experiment's reference first and its outputs afterwards, and ends with status 0 where
another of the same name is there. So a record, under RECORDS, follows when both have arrived: it names the
hash of the experiment, and is good as long as that is the one on the remote. It is the message of a commit,
because `dvc exp pull` fails where a reference is of anything else.
"""

import json
from typing import Any, NamedTuple

from emotion.runtime.git import git

EXPERIMENTS, RECORDS = "refs/exps", "refs/cluster"
REMOTE = "origin"


class Record(NamedTuple):
    """What is known of a complete experiment beside what DVC keeps of it.

    Attributes:
        sha: the hash of the experiment.
        epochs: how many were trained, without those of a checkpoint.
        minutes: of the training; None if DVC had it in its cache.
        hardware: of the node; see emotion.runtime.machine.
        conditions: what decides the bits of the model there; see experiments.record.
    """

    sha: str
    epochs: int
    minutes: float | None
    hardware: str
    conditions: dict[str, Any]


def tail(commit: str, experiment: str) -> str:
    """Return the end of both references of an experiment of a commit."""
    return f"{commit[:2]}/{commit[2:]}/{experiment}"


def on_remote(reference: str) -> str | None:
    """Return the hash that a reference has on the remote, None where it is not.

    Raises:
        UserError: the remote does not answer.
    """
    found = git("ls-remote", REMOTE, reference)
    return found.split()[0] if found else None


def find(commit: str, experiment: str) -> Record | None:
    """Return the record of an experiment, None if it is not complete on the remote.

    Raises:
        UserError: the remote does not answer.
    """
    end = tail(commit, experiment)
    if not on_remote(reference := f"{RECORDS}/{end}"):
        return None
    git("fetch", "--quiet", REMOTE, f"+{reference}:{reference}")
    record = Record(**json.loads(git("show", "--no-patch", "--format=%B", reference)))
    return record if record.sha == on_remote(f"{EXPERIMENTS}/{end}") else None


def write(commit: str, experiment: str, record: Record) -> None:
    """Put the record of an experiment, which is on the remote with all its outputs, beside it.

    Raises:
        UserError: the remote does not take it.
    """
    reference = f"{RECORDS}/{tail(commit, experiment)}"
    message = json.dumps(record._asdict())
    git(
        "update-ref", reference, git("commit-tree", f"{record.sha}^{{tree}}", "-p", record.sha, "-m", message)
    )
    git("push", "--quiet", "--force", REMOTE, f"{reference}:{reference}")
