"""An experiment in a slot of a node: run, pushed to both remotes, and recorded as complete.

It reads its job from standard input and writes messages to standard output, one line of JSON each; both ends
are in `experiments.cluster.node`. When standard input ends, because the worker of Ray was killed, lost its
node or was told to stop, it ends the experiment and itself.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from emotion.config.schema import load_params
from emotion.runtime.errors import UserError
from emotion.runtime.git import git
from emotion.runtime.machine import hardware
from emotion.training.progress import Epoch
from experiments.cluster.checkpoints import LOCAL, Checkpoints
from experiments.cluster.records import EXPERIMENTS, Record, on_remote, tail, write
from experiments.record import conditions
from experiments.runner import Outcome, in_own_folder, to_the_end

PAUSES = (2, 5, 10, 20, 40, 80, 160)  # seconds between attempts to push to a remote that does not answer


def main() -> None:
    """Run the job that standard input has."""
    job = json.loads(os.fdopen(0, "rb", buffering=0, closefd=False).readline())
    if os.fork():  # no child of the worker: Ray would kill it, and its DVC would train on alone
        os._exit(0)
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # Ray blocks it in a local node
    signal.signal(signal.SIGINT, signal.default_int_handler)  # and the background job of a script ignores it
    threading.Thread(target=end_with_the_worker, daemon=True).start()
    keep_to_cores(job["slot"], job["cores"])
    try:
        say(record=run(job)._asdict())
    except UserError as error:
        say(failure=" ".join(str(error).split()))
    except KeyboardInterrupt:
        sys.exit(130)


def end_with_the_worker() -> None:
    """Interrupt this process when standard input ends."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)


def keep_to_cores(slot: int, cores: int) -> None:
    """Keep to the cores of the slot, which are others than those of its neighbours while there are enough.

    The number of threads stays what train.threads says: it decides the bytes of the model, and cores do not.
    """
    if hasattr(os, "sched_setaffinity"):  # on Linux
        all_cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {all_cores[(slot * cores + n) % len(all_cores)] for n in range(cores)})


def say(**message: Any) -> None:
    """Send a message to the driver."""
    print(json.dumps(message), flush=True)


def run(job: dict[str, Any]) -> Record:
    """Run an experiment and push it, and return its record.

    Raises:
        UserError: it failed, or a remote does not take it.
    """
    commit, experiment, settings = job["commit"], job["experiment"], job["settings"]
    checkpoints = Checkpoints(job["checkpoints"], commit, experiment, lambda text: say(warning=text))
    checkpoints.get()
    # What is on the DVC remote of this commit is not made again; what is not there, is
    subprocess.run(["dvc", "fetch"], check=False, stdout=subprocess.DEVNULL)

    def on_epoch(epoch: Epoch) -> bool:
        checkpoints.put()
        say(epoch=epoch.number, epochs=epoch.epochs, scores=epoch.scores)
        return False

    outcome = timed(to_the_end(in_own_folder(experiment, settings, on_epoch, quiet=True)))
    if outcome.failure:
        raise UserError(outcome.failure)
    say(pushing=True)
    machine = conditions(load_params(changes=settings)) if job["measured"] else {}
    record = Record(push(commit, experiment), outcome.epochs, outcome.minutes, hardware(), machine)
    write(commit, experiment, record)
    checkpoints.remove()
    return record


def timed(outcome: Outcome) -> Outcome:
    """Return an outcome with the minutes of its training, also where that was done before something was lost.

    DVC then has the training in this node's cache, and not how long it took.
    """
    file = LOCAL / "minutes"
    if outcome.minutes is not None:
        file.write_text(str(outcome.minutes))
    return outcome._replace(minutes=float(file.read_text()) if file.exists() else None)


def push(commit: str, experiment: str) -> str:
    """Push an experiment and its outputs, and return its hash; a remote that is down is waited for.

    One of the same name that is there already was never complete, and is replaced.

    Raises:
        UserError: it did not arrive; the next attempt on this node takes the training from DVC's cache.
    """
    reference = f"{EXPERIMENTS}/{tail(commit, experiment)}"
    sha = git("rev-parse", "--verify", "--quiet", reference)
    reason = ""
    for pause in (*PAUSES, None):
        command = ["dvc", "exp", "push", "--force", "origin", experiment]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        try:
            if done.returncode == 0 and on_remote(reference) == sha:
                return sha
            reason = (done.stderr.strip() or "another of its name is on the remote").splitlines()[0]
        except UserError as error:
            reason = str(error)
        if pause:
            time.sleep(pause)
    raise UserError(f"{experiment} could not be pushed: {reason}")


if __name__ == "__main__":
    main()
