"""The benchmark against PyTorch, with a stand-in for PyTorch's side, which is not in the lock."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import pytorch
from emotion.runtime.errors import UserError
from tests.support.parameters import write_params

SIDE = """
import sys
assert sys.argv[1:] == ["18", "128", "0.08"]
for number, _ in enumerate(sys.stdin, start=1):
    print(number, flush=True)
"""


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_params(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pytorch, "IMAGES", 18)
    monkeypatch.setattr(pytorch, "EPOCHS", 3)


def test_the_epochs_of_both_alternate_and_the_first_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "side.py").write_text(SIDE)
    monkeypatch.setattr(pytorch, "ADAPTER", tmp_path / "side.py")
    shown = iter([0, 100, 200, 201, 300, 302, 400])
    monkeypatch.setattr(pytorch, "time", SimpleNamespace(perf_counter=lambda: next(shown)))
    monkeypatch.setattr(pytorch, "bfloat16", lambda: "yes")
    monkeypatch.setattr(sys, "argv", ["pytorch", "--torch", sys.executable])
    pytorch.main()
    assert capsys.readouterr().out == (
        "| training fast_cnn in bfloat16, faces of 48 pixels | 13.5 images/s (9 to 18) "
        "| PyTorch: 6 images/s (4.5 to 9) | 2.25 | at least 1.15: met |\n"
    )


def test_a_side_that_fails_ends_the_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "side.py").write_text("raise SystemExit('no torch')")
    monkeypatch.setattr(pytorch, "ADAPTER", tmp_path / "side.py")
    with pytest.raises(UserError, match=r"^PyTorch's side of the benchmark failed"):
        pytorch.rates(Path(sys.executable))
