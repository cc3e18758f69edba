"""The checkpoint that a killed training resumes from: a file that is replaced after every epoch.

It lies in a folder that is named by the key of its training, and carries that name.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from emotion.data.storage import Images, blocks
from emotion.runtime.files import whole_file

PACKAGE = Path(__file__).resolve().parents[1]

History = list[dict[str, float]]


@dataclass(frozen=True)
class Checkpoint:
    """All that training needs to go on after an epoch as if it had never stopped.

    Random numbers are not in it: each epoch draws its own from the seed and its number.

    Attributes:
        history: one entry of losses and accuracies for each finished epoch.
        seconds: how long these epochs took, with their validation.
        variables: every variable of the model and the optimizer after the last epoch.
        best: every variable of the network after the best epoch.
    """

    history: History
    seconds: float
    variables: list[np.ndarray]
    best: list[np.ndarray]

    def save(self, path: Path) -> None:
        """Write the checkpoint in place of the last one."""
        with whole_file(path) as partial, partial.open("wb") as file:
            self.write(file, path.parent.name)

    def write(self, file: BinaryIO, key: str) -> None:
        """Write the checkpoint of the training that this key names."""
        arrays = {f"variable_{i}": value for i, value in enumerate(self.variables)}
        arrays |= {f"best_{i}": value for i, value in enumerate(self.best)}
        history = np.frombuffer(json.dumps(self.history).encode(), np.uint8)
        # How many there are, so that an array whose name was damaged is missed
        numbers = np.array([len(self.variables), len(self.best)])
        arrays |= {"key": np.frombuffer(key.encode(), np.uint8), "history": history}
        arrays |= {"seconds": np.array(self.seconds), "numbers": numbers}
        np.savez(file, allow_pickle=False, **arrays)


def longest_checkpoint(paths: Iterable[Path], usable: Callable[[History], bool]) -> Checkpoint | None:
    """Return the checkpoint with the most epochs among those whose history is usable, or None."""
    longest = None
    for path in sorted(paths):
        found = load_checkpoint(path)
        if found and usable(found.history) and (not longest or len(found.history) > len(longest.history)):
            longest = found
    return longest


def load_checkpoint(path: Path) -> Checkpoint | None:
    """Return the checkpoint at `path`; None where there is none, or it is damaged or of another training."""
    try:
        with path.open("rb") as file:
            checkpoint, key = read(file)
    except FileNotFoundError:
        return None
    except Exception as error:  # zipfile and numpy raise errors of every kind on bytes that are not theirs
        print(f"{path} is damaged and passed over ({error})", file=sys.stderr)
        return None
    if key != path.parent.name:
        print(f"{path} is of another training ({key}) and passed over", file=sys.stderr)
        return None
    return checkpoint


def read(opened: BinaryIO) -> tuple[Checkpoint, str]:
    """Return a checkpoint and the key of its training; errors of every kind say that it is none."""
    with np.load(opened, allow_pickle=False) as file:
        variables, best = (
            [file[f"{part}_{i}"] for i in range(number)]
            for part, number in zip(("variable", "best"), file["numbers"], strict=True)
        )
        history, seconds = json.loads(file["history"].tobytes()), float(file["seconds"])
        return Checkpoint(history, seconds, variables, best), file["key"].tobytes().decode()


def run_key(settings: dict[str, Any], arrays: list[Images], code: list[Path]) -> str:
    """Return a name for the checkpoints of a training that other settings, data or code never share.

    Args:
        settings: everything that steers the epochs of the training, as JSON values.
        arrays: the data that it reads.
        code: the modules that compute it; their comments and docstrings do not count.
    """
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in arrays:
        for block in blocks(array):
            key.update(block.tobytes())
    for source in code:
        key.update(syntax(source.read_text(encoding="utf-8")).encode())
    return key.hexdigest()[:16]


def sources(network: str) -> list[Path]:
    """Return the modules that decide what a training of this network computes, in a fixed order.

    Those of emotion/config and emotion/runtime only refuse or wait: what steers it is in its settings.
    """
    modules = ("blocks", "keras_setup", "model", network)
    return [
        PACKAGE / "labels.py",
        PACKAGE / "data/duplicates.py",
        PACKAGE / "data/storage.py",
        *(PACKAGE / f"network/{module}.py" for module in modules),
        *sorted((PACKAGE / "training").glob("*.py")),
    ]


def syntax(text: str) -> str:
    """Return the syntax tree of a module without its comments and docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
