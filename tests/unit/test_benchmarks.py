"""The benchmarks' table, and the one measurement that is easily wrong; the stages themselves are not run."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import machine
from benchmarks.__main__ import README
from benchmarks.memory import peak_memory
from benchmarks.table import BEGIN, END, row, with_results
from emotion.errors import UserError


def test_a_row_has_medians_with_their_ends_and_the_ratio_of_the_medians() -> None:
    text = row(
        "reading", "rows/s", [9000.0, 12000.0, 10000.0], "pandas", [2000.0, 2500.0, 1500.0], at_least=4
    )
    assert text == (
        "| reading | 10,000 rows/s (9,000 to 12,000) | pandas: 2,000 rows/s (1,500 to 2,500) "
        "| 5.00 | at least 4: met |"
    )


@pytest.mark.parametrize(
    ("seconds", "goal", "verdict"),
    [
        (3.0, {"at_most": 3}, "at most 3: met"),
        (3.1, {"at_most": 3}, "at most 3: missed"),
        (1.0, {"at_least": 1}, "at least 1: met"),
        (0.9, {"at_least": 1}, "at least 1: missed"),
        (0.9, {"at_least": 1, "unchecked": "not checked"}, "at least 1: not checked"),
        (0.9, {}, "none"),
    ],
)
def test_the_verdict_follows_from_the_ratio(seconds: float, goal: dict[str, Any], verdict: str) -> None:
    assert row("no-op", "s", [seconds], "dvc version", [1.0], **goal).endswith(f" {verdict} |")


def test_peak_memory_is_of_each_command_alone_and_not_of_an_earlier_larger_one() -> None:
    code = """if True:
        import sys
        from benchmarks.memory import peak_memory
        for size in (200_000_000, 1):
            print(peak_memory([sys.executable, "-c", f"bytearray(b'x') * {size}"]))
    """
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    large, small = map(float, done.stdout.split())
    assert 200 < large < 300
    assert small < 100


def test_a_command_that_fails_has_no_peak_memory() -> None:
    with pytest.raises(UserError, match="status 3"):
        peak_memory([sys.executable, "-c", "raise SystemExit(3)"])


def test_hardware_tells_processors_of_one_name_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(machine, "CPUINFO", cpuinfo)
    found = []
    for flags in ("sse2", "sse2 avx2", "avx2 avx512f avx512_bf16"):
        cpuinfo.write_text(f"model name\t: Some CPU\nflags\t\t: {flags}\n")
        found.append(machine.hardware().partition(" cores of ")[2])
    assert found == ["Some CPU", "Some CPU, AVX2", "Some CPU, AVX-512 BF16"]


@pytest.mark.parametrize(
    ("platform", "backend", "gpu"),
    [("gpu", "jax", True), ("cpu", "jax", False), ("gpu", "tensorflow", False)],
)
def test_hardware_names_the_gpu_if_keras_trains_on_it(
    monkeypatch: pytest.MonkeyPatch, platform: str, backend: str, gpu: bool
) -> None:
    device = SimpleNamespace(platform=platform, device_kind="Some GPU")
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(devices=lambda: [device]))
    monkeypatch.setenv("KERAS_BACKEND", backend)
    assert (machine.hardware() == "Some GPU, with JAX") is gpu


def test_results_replace_the_old_ones_and_nothing_else() -> None:
    text = f"above\n{BEGIN}old\n{END}below\n"
    assert with_results(text, "new\n") == f"above\n{BEGIN}new\n{END}below\n"


def test_results_have_their_place_in_the_readme() -> None:
    assert "new" in with_results(README.read_text(encoding="utf-8"), "new")


def test_a_text_without_a_place_for_results_is_refused() -> None:
    with pytest.raises(UserError, match="must have the lines"):
        with_results(f"{BEGIN}old\n", "new\n")
