"""The checkpoint that a killed training resumes from: a file that is replaced after every epoch.

It lies in a folder that is named by the key of its training, and carries that name.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emotion.files import whole_file

ROOT = Path(__file__).resolve().parent.parent

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
        arrays = {f"variable_{i}": value for i, value in enumerate(self.variables)}
        arrays |= {f"best_{i}": value for i, value in enumerate(self.best)}
        history = np.frombuffer(json.dumps(self.history).encode(), np.uint8)
        key = np.frombuffer(path.parent.name.encode(), np.uint8)
        numbers = np.array([len(self.variables), len(self.best)])  # a name that was damaged is one too few
        arrays |= {"key": key, "history": history, "seconds": np.array(self.seconds), "numbers": numbers}
        with whole_file(path) as partial, partial.open("wb") as file:
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
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            key = file["key"].tobytes().decode()
            history = json.loads(file["history"].tobytes())
            seconds = float(file["seconds"])
            variables, best = (
                [file[f"{part}_{i}"] for i in range(number)]
                for part, number in zip(("variable", "best"), file["numbers"], strict=True)
            )
    except FileNotFoundError:
        return None
    except Exception as error:  # zipfile and numpy raise errors of every kind on bytes that are not theirs
        print(f"{path} is damaged and passed over ({error})", file=sys.stderr)
        return None
    if key != path.parent.name:
        print(f"{path} is of another training ({key}) and passed over", file=sys.stderr)
        return None
    return Checkpoint(history, seconds, variables, best)


def run_key(settings: dict[str, Any], arrays: list[np.ndarray]) -> str:
    """Return a name for the checkpoints of a training that other settings, data or code never share.

    Args:
        settings: everything that steers the epochs of the training, as JSON values.
        arrays: the data that it reads.
    """
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in arrays:
        key.update(array.tobytes())
    for source in _project_sources():
        key.update(source.read_bytes())
    return key.hexdigest()[:16]


def _project_sources() -> list[Path]:
    """Return the files of this project that the running program has imported, in a fixed order.

    Without the schema of params.yaml, which only refuses: what steers a training is in its settings.
    """
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = {Path(file).resolve() for file in files if file}
    packages = (ROOT / "emotion", ROOT / "stages")
    return sorted(path for path in paths if path.parent in packages and path.stem != "schema")
