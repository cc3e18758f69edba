"""Node, and the page's packages, as `make` sets them up."""

import os
import subprocess
from pathlib import Path

from tests.support.paths import ROOT

WEB = ROOT / "web"


def node(*arguments: str | Path, **variables: str) -> str:
    """Run Node in web/ and return what it prints.

    Args:
        arguments: of the command.
        variables: of its environment, beside those that are set.
    """
    done = subprocess.run(
        ["node", *map(str, arguments)],
        cwd=WEB,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
