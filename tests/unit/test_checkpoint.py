from pathlib import Path

import numpy as np
import pytest

from emotion.training.checkpoint import Checkpoint, load_checkpoint, longest_checkpoint, run_key, sources
from tests.support.imports import imported

STATE = Checkpoint(
    history=[{"loss": 1.25, "val_accuracy": 0.5}],
    seconds=60.5,
    variables=[np.arange(12.0, dtype=np.float32), np.array(3, np.int64), *[np.zeros(1)] * 9],
    best=[np.ones((2, 2), np.float32)],
)


def test_a_checkpoint_comes_back_as_it_was_in_the_same_order(tmp_path: Path) -> None:
    STATE.save(tmp_path / "c.npz")
    loaded = load_checkpoint(tmp_path / "c.npz")
    assert loaded is not None
    assert (loaded.history, loaded.seconds) == (STATE.history, STATE.seconds)
    for part in ("variables", "best"):
        for value, expected in zip(getattr(loaded, part), getattr(STATE, part), strict=True):
            assert value.dtype == expected.dtype
            assert np.array_equal(value, expected)


def test_no_file_is_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load_checkpoint(tmp_path / "c.npz") is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_checkpoint_is_none_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], share: float
) -> None:
    file = tmp_path / "c.npz"
    STATE.save(file)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert load_checkpoint(file) is None
    assert "is damaged" in capsys.readouterr().err


def test_a_flipped_bit_in_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "c.npz"
    STATE.save(file)
    content = bytearray(file.read_bytes())
    content[content.index(np.float32(7).tobytes())] ^= 1
    file.write_bytes(content)
    assert load_checkpoint(file) is None


def test_every_wrong_byte_of_a_checkpoint_is_passed_over_or_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "c.npz"
    small = Checkpoint(STATE.history, STATE.seconds, STATE.variables[:1], STATE.best)
    small.save(file)
    whole = file.read_bytes()
    for position in range(len(whole)):
        broken = bytearray(whole)
        broken[position] ^= 0xFF
        file.write_bytes(broken)
        if loaded := load_checkpoint(file):
            assert (loaded.history, loaded.seconds) == (small.history, small.seconds)
            for part in ("variables", "best"):
                for value, expected in zip(getattr(loaded, part), getattr(small, part), strict=True):
                    assert np.array_equal(value, expected)


def test_a_file_of_another_kind_is_no_checkpoint(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.zeros(3), allow_pickle=False)
    (tmp_path / "c.npy").rename(tmp_path / "c.npz")
    assert load_checkpoint(tmp_path / "c.npz") is None


def test_an_array_of_python_objects_in_a_checkpoint_is_refused(tmp_path: Path) -> None:
    """NumPy stores them as a pickle, and to read a pickle is to run what is in it."""
    STATE.save(tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz") as file:
        parts = dict(file) | {"best_0": np.array([{"key": "value"}], object)}
    np.savez(tmp_path / "c.npz", **parts)
    assert load_checkpoint(tmp_path / "c.npz") is None


def test_a_checkpoint_of_another_training_is_none_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    STATE.save(tmp_path / "one/c.npz")
    (tmp_path / "two").mkdir()
    (tmp_path / "one/c.npz").rename(tmp_path / "two/c.npz")
    assert load_checkpoint(tmp_path / "two/c.npz") is None
    assert "two/c.npz is of another training (one) and passed over" in capsys.readouterr().err


def test_the_longest_usable_checkpoint_is_found_among_damaged_ones(tmp_path: Path) -> None:
    for epochs in (1, 2, 3):
        Checkpoint(STATE.history * epochs, 60.5, STATE.variables, STATE.best).save(tmp_path / f"{epochs}.npz")
    (tmp_path / "damaged.npz").write_bytes(b"PK")
    found = longest_checkpoint(tmp_path.glob("*.npz"), lambda history: len(history) < 3)
    assert found is not None
    assert len(found.history) == 2
    assert longest_checkpoint(tmp_path.glob("*.npz"), lambda history: False) is None


def test_a_key_is_the_same_for_the_same_run() -> None:
    code = sources("fast_cnn")
    assert run_key({"lr": 0.1}, [np.arange(3)], code) == run_key({"lr": 0.1}, [np.arange(3)], code)


def test_settings_data_and_code_each_change_the_key(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text("A = 1\n")
    keys = [run_key({"lr": 0.1}, [np.arange(3)], [code])]
    keys.append(run_key({"lr": 0.2}, [np.arange(3)], [code]))
    keys.append(run_key({"lr": 0.1}, [np.arange(4)], [code]))
    code.write_text("A = 2\n")
    keys.append(run_key({"lr": 0.1}, [np.arange(3)], [code]))
    assert len(set(keys)) == 4


def test_a_comment_a_docstring_and_a_line_break_leave_the_key_as_it_is(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text('"""Old."""\n\ndef area(side):\n    """Old."""\n    return side * side\n')
    before = run_key({}, [], [code])
    code.write_text('"""New."""\ndef area(side):\n    # new\n    return (\n        side * side\n    )\n')
    assert run_key({}, [], [code]) == before
    code.write_text('"""New."""\ndef area(side):\n    # new\n    return side + side\n')
    assert run_key({}, [], [code]) != before


@pytest.mark.parametrize("network", ["paper_cnn", "fast_cnn", "wide_cnn", "strong_cnn", "resemotenet"])
def test_the_code_of_a_key_is_what_a_training_imports_but_what_only_refuses_or_waits(network: str) -> None:
    reached = imported("emotion.training.run") | imported(f"emotion.network.{network}")
    passive = {path for path in reached if path.parent.name in ("config", "runtime")}
    assert {path for path in sources(network) if path.name != "__init__.py"} == reached - passive
