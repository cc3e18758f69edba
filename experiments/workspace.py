"""Run a row in the working copy, where its parameters, model and figures stay: `make fast`.

    python -m experiments.workspace fast-random

It is an experiment like any other, and nobody's measurement.
"""

import argparse

from emotion.config.recipes import find_row
from emotion.runtime.errors import one_line_errors
from experiments.runner import NO_FLOOR, in_working_copy
from experiments.settings import data_settings


def main() -> None:
    """Run the row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("row", help="RECIPE-PROTOCOL of experiments/recipes.yaml")
    parser.add_argument("--set", nargs="*", default=[], help="parameters of fetch, as fetch.source=file")
    args = parser.parse_args()
    in_working_copy(find_row(args.row).settings | data_settings(args.set) | NO_FLOOR)


if __name__ == "__main__":
    with one_line_errors():
        main()
