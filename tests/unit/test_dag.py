"""dvc.yaml says what each stage really reads: a forgotten module would give stale results."""

import ast
import importlib
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
from ruamel.yaml import YAML

from tests.params import write_params
from tests.project import STAGES

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "emotion/schema.py"  # can refuse a params.yaml, and can change no result: see its docstring
SECTIONS = {name: [name] for name in STAGES} | {"train": ["model", "train"]}
# Libraries that take a while to import; Keras takes the others of its line along
WITH_KERAS = {"huggingface_hub", "keras", "matplotlib", "pandas", "sklearn", "tensorflow"}
HEAVY = {*WITH_KERAS, "great_expectations"}
NEEDED = {
    "fetch": {"huggingface_hub"},
    "validate": {"great_expectations", "pandas"},
    "preprocess": {"pandas", "sklearn"},
    "train": WITH_KERAS,
    "evaluate": WITH_KERAS,
    "plot": {"matplotlib", "pandas"},
}


@pytest.fixture(scope="module")
def dag() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")
    return content


def imported(source: Path) -> set[Path]:
    """Return the project's modules that `source` imports, directly or through one another."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            module = ROOT / f"{name.replace('.', '/')}.py"
            if module.is_file() and module not in found:
                found |= {module} - {SCHEMA} | imported(module)
    return found


def test_the_stages_are_the_six_modules(dag: dict[str, Any]) -> None:
    assert list(dag["stages"]) == STAGES
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} == {*STAGES, "__init__"}


@pytest.mark.parametrize("stage", STAGES)
def test_code_dependencies_are_exactly_the_imports(dag: dict[str, Any], stage: str) -> None:
    module = ROOT / "stages" / f"{stage}.py"
    code = {path.relative_to(ROOT).as_posix() for path in imported(module) | {module}}
    listed = [dep for dep in dag["stages"][stage]["deps"] if dep.endswith(".py")]
    assert sorted(listed) == sorted(code)


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_another(stage: str) -> None:
    modules = imported(ROOT / "stages" / f"{stage}.py")
    assert [path.name for path in modules if path.parent.name == "stages"] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_params_that_it_loads(dag: dict[str, Any], stage: str) -> None:
    loaded = [
        str(node.slice.value)
        for node in ast.walk(ast.parse((ROOT / "stages" / f"{stage}.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and ast.unparse(node.value) in ("load_params()", "every")
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
    arguments, _, options = entry["cmd"].partition(" --")
    for path in arguments.split()[3:]:
        inside = [out for out in outputs if out == path or out.startswith(f"{path}/")]
        assert path in entry["deps"] or inside
    assert options in ("", 'checkpoints "$DVC_ROOT/.checkpoints"')


def test_packages_hold_nothing_but_a_docstring() -> None:
    for package in ("emotion", "stages"):
        body = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")).body
        assert len(body) == 1
        assert isinstance(body[0], ast.Expr)


def test_every_section_of_params_belongs_to_a_stage() -> None:
    sections = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    assert sorted(sections) == sorted(name for names in SECTIONS.values() for name in names)


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
    monkeypatch.setattr(module, "check_intact", check_intact)
    monkeypatch.setattr(sys, "argv", shlex.split(dag["stages"][stage]["cmd"])[2:])
    monkeypatch.chdir(tmp_path)  # where nothing can be read but this:
    write_params(tmp_path)
    with pytest.raises(Compared):
        module.main()
    made = [dep for dep in dag["stages"][stage]["deps"] if not dep.endswith(".py")]
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


def test_every_plot_has_a_title_and_names_for_its_axes(dag: dict[str, Any]) -> None:
    plots = {name: plot for entry in dag["plots"] for name, plot in entry.items()}
    wanted = ("title", "x_label", "y_label")
    assert plots
    assert [f"{name}: {key}" for name, plot in plots.items() for key in wanted if not plot.get(key)] == []
