"""Record that changed code computes what dvc.lock says, without the data: `make accept STAGE=train`.

    python -m tools.accept train evaluate
    python -m tools.accept                  # every stage whose code has changed

For a change of code alone: a comment, a name, a module that has moved. Where the syntax trees are the same it
is recorded at once. Where they differ, the code of the recorded run and today's both run on a few rendered
faces, and every output must be the same, byte for byte. The data need not be there. Nothing is written into
DVC's run cache, which would restore a wrong pair of code and outputs for ever; `dvc commit` does write it.
"""

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.git import git
from emotion.runtime.lockfile import LOCK, dvc_hash
from emotion.training.checkpoint import syntax
from tools.tiny import copy_commit, copy_working_tree, make_tiny, run_command

# Great Expectations writes times and run ids into the Data Docs, and no stage reads them.
NOT_REPRODUCIBLE = {"data/validation"}
Values = dict[str, Any]  # parameters by their full names


@dataclass
class Stage:
    """A stage as dvc.yaml has it, and as dvc.lock does.

    Attributes:
        now: DVC's stage.
        lock: its entry in dvc.lock.
        made: every output of every stage; the other dependencies are code.
    """

    now: Any
    lock: dict[str, Any]
    made: set[str]

    @property
    def name(self) -> str:
        """The name in dvc.yaml."""
        return str(self.now.name)

    def recorded(self, code: bool) -> dict[str, str]:
        """Return the hashes that dvc.lock has of the code, or of the data, that the stage depends on."""
        return {dep["path"]: dep["md5"] for dep in self.lock["deps"] if code != (dep["path"] in self.made)}

    def paths(self, code: bool) -> list[str]:
        """Return the code, or the data, that the stage depends on today."""
        paths = [dep.def_path for dep in self.now.deps if not hasattr(dep, "params")]
        return [path for path in paths if code != (path in self.made)]

    def outputs(self) -> dict[str, str]:
        """Return the hashes that dvc.lock has of the outputs."""
        return {out["path"]: out["md5"] for out in self.lock["outs"]}


def main() -> None:
    """Write the hashes of today's code into dvc.lock, if it computes what dvc.lock records."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stages", nargs="*", help="stages of dvc.yaml; without any: all whose code changed")
    names = parser.parse_args().stages
    from dvc.repo import Repo, lock_repo  # here, because it takes a second to import

    with Repo() as repo, lock_repo(repo), TemporaryDirectory() as folder:
        today = Path(folder, "today")
        copy_working_tree(today)
        pipeline = load_stages(repo)
        if unknown := set(names) - {stage.name for stage in pipeline}:
            raise UserError(f"dvc.yaml has no stage {', '.join(sorted(unknown))}")
        chosen = [stage for stage in pipeline if stage.name in (names or {stage.name})]
        changed = [stage for stage in chosen if differs(stage, today)]
        for stage in changed:
            refuse_other_changes(stage)
        prove(pipeline, changed, today)
        for stage in changed:
            record(stage, today)
    for stage in chosen:
        print(f"{stage.name}: {'accepted' if stage in changed else 'nothing has changed'}")
    if changed:
        print('keep it with the code: git commit --all --message "..."')


def load_stages(repo: Any) -> list[Stage]:
    """Return the stages of dvc.yaml that dvc.lock knows, in the order in which they run.

    Raises:
        UserError: dvc.lock knows none.
    """
    from dvc.repo.reproduce import plan_repro

    content = YAML(typ="safe", pure=True).load(LOCK) if LOCK.is_file() else {}
    lock = (content or {}).get("stages", {})
    if not lock:
        raise UserError("dvc.lock records no run that could be kept; run: dvc repro")
    stages = plan_repro(repo.index.graph)
    made = {out.def_path for stage in stages for out in stage.outs}
    return [Stage(stage, lock[stage.name], made) for stage in stages if stage.name in lock]


def differs(stage: Stage, today: Path) -> bool:
    """Tell whether the command, the code or the parameters are others than dvc.lock records."""
    code = {path: dvc_hash(today / path) for path in stage.paths(code=True)}
    recorded, values = parameters(stage)
    return code != stage.recorded(code=True) or not same_command(stage) or recorded != values


def same_command(stage: Stage) -> bool:
    """Tell whether the stage runs the command that dvc.lock records."""
    return bool(stage.lock["cmd"].split() == stage.now.cmd.split())


def parameters(stage: Stage) -> tuple[Values, Values]:
    """Return the parameters that dvc.lock has of a stage, and those that it has today."""
    recorded: Values = {}
    for values in stage.lock.get("params", {}).values():
        recorded |= flat(values)
    today: Values = {}
    for dep in stage.now.deps:
        if hasattr(dep, "params"):
            today |= flat(dep.read_params(flatten=False))
    return recorded, today


def flat(values: Values, prefix: str = "") -> Values:
    """Return nested parameters by their full names."""
    found: Values = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def refuse_other_changes(stage: Stage) -> None:
    """Refuse what is no change of code alone.

    Raises:
        UserError: a parameter has another value, or the stage other inputs or outputs, than dvc.lock records.
    """
    way = f"that is no change of code alone; run: dvc repro {stage.name}"
    recorded, today = parameters(stage)
    for key in recorded.keys() & today.keys():
        if recorded[key] != today[key]:
            raise UserError(f"{stage.name}: {key} is {today[key]}, and dvc.lock has {recorded[key]}: {way}")
    inputs, outputs = stage.recorded(code=False), stage.outputs()
    if set(inputs) != set(stage.paths(code=False)) or set(outputs) != {
        out.def_path for out in stage.now.outs
    }:
        raise UserError(f"{stage.name} has other inputs or outputs than in dvc.lock: {way}")
    for path, known in (inputs | outputs).items():
        if Path(path).exists() and dvc_hash(Path(path)) != known:
            back = "git restore" if git("ls-files", path) else "dvc checkout"
            raise UserError(
                f"{path} is not what dvc.lock records for {stage.name}; take it back ({back} {path}) or run: "
                f"dvc repro {stage.name}"
            )


def prove(pipeline: list[Stage], changed: list[Stage], today: Path) -> None:
    """Show that the code of each stage computes what the code of its recorded run did.

    Args:
        pipeline: every stage, in the order in which they run.
        changed: those to look at.
        today: a copy of the working tree; it becomes a run on rendered faces if a stage needs one.

    Raises:
        UserError: a stage computes something else, or the code of its run is in no commit.
    """
    doubtful: list[tuple[Stage, Path]] = []
    for stage in changed:
        before = recorded_code(stage, today.parent)
        if same_code(stage, before, today):
            print(f"{stage.name}: the same code as in {before.name[:7]} but for comments and docstrings")
        else:
            doubtful.append((stage, before))
    if not doubtful:
        return
    last = max(pipeline.index(stage) for stage, _ in doubtful)
    make_tiny(today, {})
    for stage in pipeline[: last + 1]:
        print(f"{stage.name}: running today's code on rendered faces", flush=True)
        run_command(stage.now.cmd, today)
    for stage, before in doubtful:
        print(f"{stage.name}: running the code of {before.name[:7]} on the same", flush=True)
        compare(stage, before, today)


def recorded_code(stage: Stage, folder: Path) -> Path:
    """Write the newest commit that has the code of dvc.lock into a folder of its name; return that.

    Raises:
        UserError: there is none.
    """
    code = stage.recorded(code=True)
    for commit in git("rev-list", "--all", "--", *code).split():
        copy = folder / commit
        if not copy.exists():
            copy_commit(commit, copy)
        if all((copy / path).exists() and dvc_hash(copy / path) == known for path, known in code.items()):
            return copy
    raise UserError(
        f"no commit here has the code that dvc.lock records for {stage.name} (a shallow clone lacks it: "
        f"git fetch --unshallow); run: dvc repro {stage.name}"
    )


def same_code(stage: Stage, before: Path, today: Path) -> bool:
    """Tell whether command, names of parameters and syntax trees are those of the recorded run."""
    recorded, values = parameters(stage)
    if not same_command(stage) or set(recorded) != set(values):
        return False
    return dict(trees(before, stage.recorded(code=True))) == dict(trees(today, stage.paths(code=True)))


def trees(folder: Path, paths: Any) -> Iterator[tuple[str, str | bytes]]:
    """Yield the syntax tree of every module under these paths, and the bytes of every other file."""
    for path in paths:
        root = folder / path
        for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if file.is_file():
                text = file.read_bytes()
                name = file.relative_to(folder).as_posix()
                yield name, syntax(text.decode()) if file.suffix == ".py" else text


def compare(stage: Stage, before: Path, today: Path) -> None:
    """Run a stage of the recorded commit on the inputs of today's run, and compare the outputs.

    Raises:
        UserError: it failed, or an output is not the same, byte for byte.
    """
    folder = today.parent / f"{stage.name} of {before.name}"
    copy_commit(before.name, folder)
    sections = {
        key: value for values in stage.lock.get("params", {}).values() for key, value in values.items()
    }
    make_tiny(folder, sections)
    for path in stage.recorded(code=False):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if (today / path).is_dir():
            shutil.copytree(today / path, folder / path)
        else:
            shutil.copyfile(today / path, folder / path)
    run_command(stage.lock["cmd"], folder)
    for path in set(stage.outputs()) - NOT_REPRODUCIBLE:
        if dvc_hash(folder / path) != dvc_hash(today / path):
            raise UserError(
                f"{stage.name} computes something else than in {before.name[:7]}: on rendered faces {path} "
                f"differs; run: dvc repro {stage.name}"
            )


def record(stage: Stage, today: Path) -> None:
    """Write today's command, code and parameters into dvc.lock, and not into the run cache.

    Raises:
        UserError: the code was edited meanwhile.
    """
    stage.now.save(allow_missing=True, run_cache=False)  # what is missing keeps its hash
    for dep in stage.now.deps:
        if dep.def_path in stage.paths(code=True) and dep.hash_info.value != dvc_hash(today / dep.def_path):
            raise UserError(f"{dep.def_path} was edited meanwhile; run make accept again")
    stage.now.dump(update_pipeline=False)


if __name__ == "__main__":
    with one_line_errors():
        main()
