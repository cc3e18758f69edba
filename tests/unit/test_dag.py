"""dvc.yaml says what each stage really reads: a forgotten module would give stale results."""

import ast
import importlib
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn, get_args, get_type_hints

import pytest
from ruamel.yaml import YAML

from emotion.config.schema import ModelParams, Params
from tests.support.imports import imported
from tests.support.parameters import write_params
from tests.support.paths import ROOT
from tests.support.project import STAGES

CHECKPOINTS = ("--checkpoints", '"$DVC_ROOT/.checkpoints"')  # no output: it outlives the stage
SECTIONS = {name: [name] for name in STAGES} | {
    **{name: ["data", name] for name in ("fetch", "validate", "preprocess")},
    "train": ["model", "train"],
    "export": ["export", "model", "preprocess", "train"],
    "report": ["data", "evaluate", "export", "fetch", "model", "preprocess", "report", "train", "validate"],
}
# Libraries that take a while to import
WITH_KERAS = {"keras", "tensorflow"}
HEAVY = {*WITH_KERAS, "great_expectations", "huggingface_hub", "matplotlib", "pandas", "scipy", "sklearn"}
NEEDED = {
    "fetch": {"huggingface_hub"},
    "validate": {"great_expectations", "pandas", "scipy"},
    "preprocess": set(),
    "train": WITH_KERAS,
    "evaluate": {*WITH_KERAS, "pandas", "scipy"},
    "export": WITH_KERAS,
    "plot": {"matplotlib", "pandas"},
    "report": {"huggingface_hub", "matplotlib", "pandas"},
}


@pytest.fixture(scope="module")
def dag() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")
    return content


def test_the_stages_are_the_eight_modules(dag: dict[str, Any]) -> None:
    assert list(dag["stages"]) == STAGES
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} == {*STAGES, "__init__"}


def code_dependencies(stage: dict[str, Any]) -> list[str]:
    """Return the dependencies of a stage that are code, with ${model.name} as it stands there."""
    return [dep for dep in stage["deps"] if dep.startswith(("stages/", "emotion/"))]


def decides(module: Path) -> bool:
    """Say whether a module can change what a stage writes: those of config and runtime refuse or wait."""
    return module.parent.name not in ("config", "runtime") or module == ROOT / "emotion/runtime/files.py"


@pytest.mark.parametrize("stage", STAGES)
def test_code_dependencies_hold_the_imports_that_decide_and_none_is_idle(
    dag: dict[str, Any], stage: str
) -> None:
    needed = {module for module in imported(f"stages.{stage}") if decides(module)}
    listed = [ROOT / dep for dep in code_dependencies(dag["stages"][stage]) if "${model.name}" not in dep]
    assert {module for module in needed if not {module, *module.parents} & set(listed)} == set()
    assert [dep for dep in listed if not any(dep in (module, *module.parents) for module in needed)] == []


def test_train_depends_on_the_network_that_it_builds_and_on_no_other(dag: dict[str, Any]) -> None:
    code = code_dependencies(dag["stages"]["train"])
    networks = {
        f"emotion/network/{name}.py" for name in get_args(ModelParams.model_fields["name"].annotation)
    }
    assert "emotion/network/${model.name}.py" in code
    assert all((ROOT / network).is_file() for network in networks)
    assert networks.isdisjoint(code)
    assert "emotion/network" not in code
    for network in networks:  # a network brings nothing that train would not depend on
        beside = {module for module in imported(network[:-3].replace("/", ".")) if decides(module)}
        assert beside - {ROOT / network} <= imported("stages.train")


def test_train_has_at_most_ten_dependencies_of_code(dag: dict[str, Any]) -> None:
    assert len(code_dependencies(dag["stages"]["train"])) <= 10


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_another(stage: str) -> None:
    modules = imported(f"stages.{stage}")
    assert [path.stem for path in modules if path.parent.name == "stages"] == [stage]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_params_that_it_loads(dag: dict[str, Any], stage: str) -> None:
    loaded = [
        str(node.slice.value)
        for node in ast.walk(ast.parse((ROOT / "stages" / f"{stage}.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and ast.unparse(node.value) == "every"
    ]
    assert sorted(loaded) == dag["stages"][stage]["params"] == SECTIONS[stage]


@pytest.mark.parametrize("stage", STAGES)
def test_every_path_of_a_command_is_a_dependency_or_an_output(dag: dict[str, Any], stage: str) -> None:
    entry = dag["stages"][stage]
    outputs = [
        next(iter(out)) if isinstance(out, dict) else out
        for kind in ("outs", "metrics", "plots")
        for out in entry.get(kind, [])
    ]
    words = entry["cmd"].split()[3:]
    assert all(word.startswith("--") for word in words[::2])
    for option, path in zip(words[::2], words[1::2], strict=True):
        inside = [out for out in outputs if out == path or out.startswith(f"{path}/")]
        assert path in entry["deps"] or inside or (option, path) == CHECKPOINTS


def test_packages_hold_no_code() -> None:
    packages = [path for folder in ("emotion", "stages") for path in (ROOT / folder).rglob("__init__.py")]
    assert len(packages) == 15
    for package in packages:
        nodes = ast.parse(package.read_text("utf-8")).body
        if package.parent.name == "inference":  # for users' own programs: it hands on names, and no more
            nodes = [node for node in nodes if not isinstance(node, ast.ImportFrom | ast.Assign)]
        assert all(isinstance(node, ast.Expr) for node in nodes)


def test_every_section_of_params_belongs_to_a_stage() -> None:
    assert set(get_type_hints(Params)) == {name for names in SECTIONS.values() for name in names}


class Compared(BaseException):
    """Ends a stage as soon as it has compared what it reads; nothing in it catches this."""


@pytest.mark.parametrize("stage", STAGES[1:])  # fetch reads nothing that a stage has made
def test_a_stage_compares_its_dependencies_with_the_lock_before_it_reads_one(
    dag: dict[str, Any], stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def check_intact(*paths: Path) -> NoReturn:
        compared.extend(path.as_posix() for path in paths)
        raise Compared

    module = importlib.import_module(f"stages.{stage}")
    monkeypatch.setattr("emotion.runtime.stage.check_intact", check_intact)
    monkeypatch.setattr(sys, "argv", shlex.split(dag["stages"][stage]["cmd"])[2:])
    monkeypatch.chdir(tmp_path)  # where nothing can be read but this:
    write_params(tmp_path)
    with pytest.raises(Compared):
        module.main()
    made = set(dag["stages"][stage]["deps"]) - set(code_dependencies(dag["stages"][stage]))
    assert sorted(compared) == sorted(made)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_no_heavy_library_that_it_does_not_need(stage: str) -> None:
    code = f"import sys, stages.{stage}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert f"stages.{stage}" in loaded
    assert loaded & HEAVY <= NEEDED[stage]


def test_the_models_description_says_that_it_takes_a_cropped_face(dag: dict[str, Any]) -> None:
    assert "cropped (not a whole photo)" in dag["artifacts"]["emotion"]["desc"]


def test_every_plot_has_a_title_and_names_for_its_axes(dag: dict[str, Any]) -> None:
    plots = {name: plot for entry in dag["plots"] for name, plot in entry.items()}
    wanted = ("title", "x_label", "y_label")
    assert plots
    assert [f"{name}: {key}" for name, plot in plots.items() for key in wanted if not plot.get(key)] == []
