"""The fetch stage run as DVC runs it, in a folder of its own, with a small CSV and its zip to fetch."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.parameters import write_params
from tests.support.paths import ROOT

CSV = b"emotion,pixels,Usage\n3,70 80 82,Training\n"
SHA256 = hashlib.sha256(CSV).hexdigest()


def zipped(content: bytes, name: str = "fer2013.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


ZIP = zipped(CSV)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@dataclass
class Run:
    """One run of the stage in a folder of its own."""

    out: Path
    process: subprocess.Popen[str]
    stdout: str = ""
    stderr: str = ""

    def wait(self) -> "Run":
        self.stdout, self.stderr = self.process.communicate(timeout=300)
        return self

    @property
    def fetched(self) -> bytes:
        assert self.process.returncode == 0, self.stderr
        assert self.stderr == ""
        assert sorted(names(self.out.parent)) == [self.out.name, "ferplus.csv"]
        return self.out.read_bytes()

    @property
    def error(self) -> str:
        """The only line on stderr of a run that failed and left nothing behind."""
        assert self.process.returncode == 1
        assert not self.out.parent.exists() or names(self.out.parent) == []
        assert self.stderr.startswith("error: ")
        assert self.stderr.count("\n") == 1, self.stderr
        return self.stderr


def start(
    folder: Path,
    endpoint: str,
    env: dict[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    stderr: int = subprocess.PIPE,
    **fetch: Any,
) -> Run:
    """Start `python -m stages.fetch` in `folder`, whose Hugging Face cache is there too."""
    write_params(folder, fetch={"sha256": SHA256, "faces": {"rows": 10, "seed": 0}} | fetch)
    process = subprocess.Popen(
        [
            *prefix,
            sys.executable,
            "-m",
            "stages.fetch",
            "--csv",
            "out/fer2013.csv",
            "--votes",
            "out/ferplus.csv",
        ],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "HF_HOME": str(folder / "cache"),
            "HF_ENDPOINT": endpoint,
        }
        | (env or {}),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    return Run(folder / "out/fer2013.csv", process)


def run(folder: Path, endpoint: str, env: dict[str, str] | None = None, **fetch: Any) -> Run:
    return start(folder, endpoint, env, **fetch).wait()
