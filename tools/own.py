"""Set params.yaml for faces of your own: `make own CSV=/where/own.csv`.

    python -m tools.own /where/own.csv      # or an archive, Parquet, or a folder of pictures: docs/data.md
    python -m tools.own /where/pictures --classes "smiling, frowning, neither"      # by their numbers

All values that belong together: where the faces are, and that they are not FER-2013, whose hash, rows, class
shares and scores the other values describe.
"""

import argparse

from emotion.config.editing import edit
from emotion.config.paths import own_path
from emotion.config.schema import load_params
from emotion.runtime.errors import UserError, one_line_errors


def main() -> None:
    """Write the values into params.yaml, and say how to go on."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv", help="a file or a folder in one of the layouts of docs/data.md")
    parser.add_argument("--classes", default="", help="their names, if they are not FER-2013's")
    args = parser.parse_args()
    given = args.csv
    if not given:
        raise UserError("which faces? make own CSV=/where/own.csv")
    csv = own_path(given).resolve()  # absolute: an experiment may run in a folder of its own
    if not csv.exists():
        raise UserError(f"{csv} is not there: make own CSV=/where/own.csv")
    values = {
        "data.classes": [name.strip() for name in args.classes.split(",")] if args.classes else None,
        "fetch.source": "file",
        "fetch.path": str(csv),
        "fetch.sha256": None,
        "validate.dataset": "own",
        "validate.rows": None,
        "evaluate.floor.accuracy": None,
        "evaluate.floor.macro_f1": None,
    }
    load_params(changes=values)
    edit(values)
    for name, value in values.items():
        print(f"{name}: {'null' if value is None else value}")
    print(
        "params.yaml is set. Run: dvc repro\n"
        "DVC watches what lies in data/own; after a change elsewhere: dvc repro -fs fetch; dvc repro\n"
        "Back to FER-2013: git restore . && dvc checkout"
    )


if __name__ == "__main__":
    with one_line_errors():
        main()
