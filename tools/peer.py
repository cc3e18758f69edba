"""Take part in a training over several machines as another process than the first: `make peer`.

    KERAS_DISTRIBUTION_PROCESS_ID=1 … python -m tools.peer

DVC runs process 0, which alone writes; this runs the same command of dvc.yaml beside it: docs/devices.md.
"""

import argparse
import os
from pathlib import Path

from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.yaml import DAG, read_yaml

RANK = "KERAS_DISTRIBUTION_PROCESS_ID"


def main() -> None:
    """Become the command of the stage train."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    if os.environ.get(RANK, "0") == "0":
        raise UserError(
            f"{RANK} is not above 0: DVC runs process 0 (dvc repro train), and this the others; see "
            "docs/devices.md"
        )
    command = read_yaml(DAG)["stages"]["train"]["cmd"]
    os.execvpe("sh", ["sh", "-c", command], os.environ | {"DVC_ROOT": str(Path.cwd())})


if __name__ == "__main__":
    with one_line_errors():
        main()
