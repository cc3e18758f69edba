"""Experiments on a Ray cluster: each is ordered from some node, waited for and pulled.

The nodes push to the Git remote `origin` and to the project's DVC remote, and this pulls from there. What is
complete there is not run again: a driver that was killed goes on when it is started again.
"""

import argparse
import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ruamel.yaml import YAML

from emotion.config.schema import load_params
from emotion.runtime.errors import UserError
from emotion.runtime.git import git
from emotion.training.progress import Epoch
from experiments.cluster import node
from experiments.cluster.progress import Progress
from experiments.cluster.records import REMOTE, Record, find
from experiments.commits import experiment_file, head, refuse_what_dvc_loses
from experiments.runner import Outcome, Settings
from experiments.settings import at_least_one

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is imported; it reports unless told not to
LOSSES = 4  # nodes or workers that an experiment may lose before it is given up
PAUSES = (2, 5, 10, 20, 40, 80)  # seconds between attempts to reach a remote that does not answer


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options with which a command runs its experiments on a cluster."""
    parser.add_argument("--cluster", metavar="HOST:PORT", help="address of a Ray cluster: docs/cluster.md")
    parser.add_argument(
        "--cores", type=at_least_one, default=2, help="of a node, for each experiment of a cluster"
    )
    parser.add_argument("--checkpoints", help="folder or address that every node of the cluster reaches")


class Cluster:
    """A Ray cluster, joined until the end of a `with` block."""

    def __init__(
        self, address: str, cores: int = 2, checkpoints: str | None = None, *, measured: bool = False
    ) -> None:
        """Join a cluster.

        Args:
            address: host and port of its head; this machine must be one of its nodes.
            cores: that an experiment takes of a node.
            checkpoints: a place that all nodes reach, see `experiments.cluster.checkpoints`; without it an
                experiment that moves to another node begins again.
            measured: record also what decides the bits of a model, which takes some seconds.

        Raises:
            UserError: Ray is not installed or not there, no node has so many cores, or the nodes could not
                get the commit or push their results.
        """
        self._commit, self._cores = head(), cores
        self._checkpoints, self._measured = checkpoints, measured
        refuse_what_dvc_loses()
        self._remote = _shared_remote(self._commit)
        self._ray = _join(address, cores)
        self._ray.cloudpickle.register_pickle_by_value(node)
        self._work = self._ray.remote(num_cpus=cores, num_returns="streaming", max_retries=0)(node.work)
        self._progress = Progress()
        self._pulling = asyncio.Lock()  # DVC locks the repository while it pulls
        self.records: dict[str, Record] = {}

    def __enter__(self) -> "Cluster":
        self._progress.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.__exit__(*error)
        self._ray.shutdown()

    @property
    def slots(self) -> int:
        """How many experiments run at a time."""
        return sum(int(cores // self._cores) for cores in _cores_of_nodes(self._ray))

    async def run(
        self,
        experiment: str,
        settings: Settings,
        on_epoch: Callable[[Epoch], bool] = lambda epoch: False,
    ) -> Outcome:
        """Run an experiment on some node, unless it is complete on the remote, and pull it.

        Args:
            experiment: its name, which stands for these settings at this commit.
            settings: its parameters.
            on_epoch: called after each epoch; the experiment is stopped if it says so before the last one.

        Raises:
            UserError: a parameter is not allowed, another experiment has this name, or a remote is down.
        """
        load_params(changes=settings)
        row = self._progress.row(experiment)
        outcome = Outcome(0, None, stopped=False, failure=None)
        record = await _patiently(find, self._commit, experiment)
        if record is None:
            outcome = await self._until_it_ends(experiment, settings, on_epoch)
            record = None if outcome.stopped else await _patiently(find, self._commit, experiment)
        if record:
            async with self._pulling:
                row.state = "pulling"
                await _pull(experiment)
            refuse_another(self._commit, experiment, settings)
            self.records[experiment] = record
            outcome = outcome._replace(minutes=record.minutes, failure=None)
        elif not outcome.stopped and not outcome.failure:
            outcome = outcome._replace(failure="it is not complete on the remote; run it again")
        row.state = "stopped early" if outcome.stopped else "failed" if outcome.failure else "done"
        return outcome

    async def run_all(self, experiments: Mapping[str, Settings]) -> dict[str, Outcome]:
        """Run many experiments, each as soon as a node has room for it."""
        ends = await asyncio.gather(*(self.run(name, settings) for name, settings in experiments.items()))
        return dict(zip(experiments, ends, strict=True))

    async def _until_it_ends(
        self, experiment: str, settings: Settings, on_epoch: Callable[[Epoch], bool]
    ) -> Outcome:
        """Order an experiment, anew whenever its worker or its node is lost."""
        exceptions = self._ray.exceptions
        lost = (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.ObjectLostError,
            exceptions.OutOfMemoryError,
        )
        for _ in range(LOSSES):
            try:
                return await self._once(experiment, settings, on_epoch)
            except lost:
                row = self._progress.row(experiment)
                how = (
                    f"it goes on from its checkpoint in {self._checkpoints}"
                    if self._checkpoints
                    else "on another node it begins again, as there is no CHECKPOINTS=…"
                )
                print(f"{experiment}: {row.node or 'its node'} was lost; {how}", flush=True)
                row.state, row.node, row.epoch = "waiting", "", ""
        return Outcome(0, None, stopped=False, failure=f"{LOSSES} nodes were lost under it")

    async def _once(self, experiment: str, settings: Settings, on_epoch: Callable[[Epoch], bool]) -> Outcome:
        epochs, stopped, failure = 0, False, None
        row = self._progress.row(experiment)
        row.state = "waiting"
        stream = self._work.remote(self._job(experiment, settings))
        try:
            async for reference in stream:
                message = await reference
                if "node" in message:
                    row.state, row.node = "running", f"{message['node']} {message['slot']}"
                if "warning" in message:
                    print(f"{experiment}: {message['warning']}", flush=True)
                if "pushing" in message:
                    row.state = "pushing"
                if "epoch" in message:
                    epochs += 1
                    epoch = Epoch(message["epoch"], message["epochs"], message["scores"])
                    self._progress.epoch(experiment, epoch)
                    if on_epoch(epoch) and epoch.number < epoch.epochs and not stopped:
                        stopped = True
                        self._ray.cancel(stream)
                failure = message.get("failure", failure)
        except self._ray.exceptions.RayTaskError as error:
            if not stopped:
                failure = f"{row.node}: {error.cause!r}"
        except self._ray.exceptions.RayError:
            if not stopped:
                raise
        except asyncio.CancelledError:  # Ctrl-C: the node ends it, and this waits until it has
            self._ray.cancel(stream)
            with suppress(Exception):
                async for _ in stream:
                    pass
            raise
        return Outcome(epochs, None, stopped, None if stopped else failure)

    def _job(self, experiment: str, settings: Settings) -> node.Job:
        """Return all that a node has to know."""
        return {
            "remote": self._remote,
            "commit": self._commit,
            "prefix": git("rev-parse", "--show-prefix"),
            "experiment": experiment,
            "settings": dict(settings),
            "checkpoints": self._checkpoints,
            "cores": self._cores,
            "measured": self._measured,
            "name": git("config", "user.name"),
            "email": git("config", "user.email"),
        }


def refuse_another(commit: str, experiment: str, settings: Settings) -> None:
    """Refuse an experiment that has been run under this name with other parameters.

    Raises:
        UserError: it was.
    """
    text = experiment_file(experiment, "params.yaml", commit)
    params = YAML(typ="safe", pure=True).load(text or "{}")
    for name, wanted in settings.items():
        found: Any = params
        for key in name.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if found != wanted:
            raise UserError(
                f"the remote has another experiment {experiment} of this commit, with {name}={found} and not "
                f"{wanted}: choose another name (SWEEP=… or SEARCH=…)"
            )


def _shared_remote(commit: str) -> str:
    """Return the address of the Git remote.

    Raises:
        UserError: there is none, it lacks the commit, or there is no DVC remote.
    """
    if REMOTE not in git("remote").splitlines():
        raise UserError(
            "a cluster gets the project from the Git remote 'origin', and there is none: git remote add"
        )
    git("fetch", "--quiet", REMOTE)
    if not git("branch", "--remotes", "--contains", commit):
        raise UserError(
            f"the Git remote '{REMOTE}' lacks the commit {commit[:7]} that the nodes are to run: git push"
        )
    from dvc.config import Config

    if not Config.from_cwd()["core"].get("remote"):
        raise UserError(
            "a cluster brings its results to a default DVC remote, and there is none: see docs/sharing.md"
        )
    return git("remote", "get-url", REMOTE)


def _join(address: str, cores: int) -> Any:
    """Return Ray, joined to a cluster.

    Raises:
        UserError: it is not installed, no cluster answers, or none of its nodes has so many cores.
    """
    try:
        import ray
    except ImportError as error:
        raise UserError("Ray is not installed: pip install 'ray>=2.60'") from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error.__cause__ or error).strip().splitlines()[-1]  # below a traceback of Ray's
        raise UserError(
            f"no Ray cluster at {address} ({reason}): is it running, and is this machine one of its nodes? "
            "docs/cluster.md"
        ) from error
    largest = max(_cores_of_nodes(ray), default=0)
    if largest < cores:
        ray.shutdown()
        raise UserError(
            f"an experiment asks for {cores} cores, and the largest node has {largest:g}: CORES={largest:g}"
        )
    return ray


def _cores_of_nodes(ray: Any) -> list[float]:
    return [found["Resources"].get("CPU", 0) for found in ray.nodes() if found["Alive"]]


async def _patiently(asked: Callable[..., Record | None], *arguments: str) -> Record | None:
    """Ask a remote, and again if it does not answer."""
    for pause in PAUSES:
        with suppress(UserError):
            return await asyncio.to_thread(asked, *arguments)
        await asyncio.sleep(pause)
    return await asyncio.to_thread(asked, *arguments)


async def _pull(experiment: str) -> None:
    """Pull an experiment with its outputs.

    Raises:
        UserError: it could not be pulled.
    """
    reason = ""
    for pause in (*PAUSES, None):
        process = await asyncio.create_subprocess_exec(
            *("dvc", "exp", "pull", "--force", REMOTE, experiment),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode == 0:
            return
        reason = (said.decode().strip().splitlines() or ["no reason given"])[0]
        if pause:
            await asyncio.sleep(pause)
    raise UserError(
        f"{experiment} is complete on the remote, and could not be pulled: {reason}; run it again"
    )
