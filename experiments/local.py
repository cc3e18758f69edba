"""Run a row of the table of results without DVC, for example on a rented machine with a GPU.

    KERAS_BACKEND=jax python -m experiments.local strong-official --seed 0 --csv fer2013.csv --out run

writes the model, its metrics and run/result.csv, a line of the results, which

    python -m experiments.results --add run/result.csv

adds to the table at home; --record does so at once. A run that was interrupted goes on when it is started
again with the same folder. It has the parameters of the row; the rest is that of params.yaml. Of several
processes that train together (docs/devices.md) process 0 alone evaluates and writes.
"""

import argparse
import hashlib
from pathlib import Path

from emotion.config.recipes import find_row
from emotion.config.schema import Params, load_params
from emotion.data.duplicates import unseen
from emotion.data.labelling import labelled
from emotion.data.near_duplicates import near_unseen
from emotion.data.protocols import split_rows
from emotion.data.storage import SPLITS, Split, load_split
from emotion.data.votes import check_rows, majority
from emotion.evaluation.scores import evaluation, report_table
from emotion.evaluation.voters import voter_scores
from emotion.network.model import predict, save_model
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import write_json
from emotion.runtime.lockfile import md5
from emotion.source.fer2013 import read_csv
from emotion.source.ferplus import Votes, get_votes, parse_votes
from emotion.training.devices import this_process
from emotion.training.run import train_model
from experiments import results
from experiments.commits import head, refuse_changes
from experiments.record import record


def main() -> None:
    """Train, evaluate, and write what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("row", help="RECIPE-PROTOCOL of experiments/recipes.yaml")
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    faces = parser.add_mutually_exclusive_group(required=True)
    faces.add_argument("--csv", type=Path, help="a CSV of the FER-2013 schema, split as the row says")
    faces.add_argument(
        "--splits", type=Path, help="a folder of splits, such as data/splits, taken as they are"
    )
    parser.add_argument("--votes", type=Path, help="FER+'s votes on the CSV, for a row of ferplus")
    parser.add_argument("--out", type=Path, required=True, help="folder of what is written")
    parser.add_argument("--record", action="store_true", help="add the run to the results of this repository")
    args = parser.parse_args()
    row = find_row(args.row)
    params = load_params(changes=row.settings | {"train.seed": args.seed})
    if args.record:
        refuse_what_is_no_result(args.csv, params)
    sha256 = params["fetch"].ferplus_sha256
    votes = parse_votes(get_votes(args.votes, sha256), str(args.votes)) if args.votes else None
    splits = from_csv(args.csv, votes, params) if args.csv else from_folder(args.splits)
    train, validation, test = splits

    trained = train_model(train, validation, params["model"], params["train"], args.out / "checkpoints")
    if this_process().rank > 0:
        return
    probabilities = predict(trained.model, test.images)
    seen, how = (train.images, validation.images), params["evaluate"]
    clean, near = unseen(test.images, *seen), how.near_distance
    near_clean = None if near is None else near_unseen(test.images, near, *seen)
    scores = evaluation(
        test.labels, probabilities, clean, how.bootstrap, how.ece_bins, how.seed, test.classes, near_clean
    )

    if votes:
        voted = majority(votes.counts[test.rows])
        scores["voters"] = voter_scores(test.labels, probabilities.argmax(axis=1), voted)

    model = args.out / "emotion.keras"
    save_model(trained.model, model)
    write_json(args.out / "training.json", trained.metrics)
    write_json(args.out / "evaluation.json", scores)
    run = record(row, params, trained.metrics, scores, trained.minutes, md5(model), commit())
    results.add(run, args.out / "result.csv")
    print(report_table(test.labels, probabilities.argmax(axis=1), test.classes))
    print(f"{row.name}, seed {args.seed}: accuracy {scores['accuracy']:.4f}; {args.out / 'result.csv'}")
    if args.record:
        results.add(run)
        results.write_tables()


def refuse_what_is_no_result(csv: Path | None, params: Params) -> None:
    """Refuse to record a run of other faces than those of the table, or of files that no commit has.

    Raises:
        UserError: it is one.
    """
    if csv is None:
        raise UserError(
            "--record needs --csv, whose SHA-256 is compared: splits do not say where they come from"
        )
    with csv.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != params["fetch"].sha256:
        raise UserError(
            f"{csv} has SHA-256 {found}, and fetch.sha256 is {params['fetch'].sha256}: no row is of it"
        )
    refuse_changes()


def from_csv(csv: Path, votes: Votes | None, params: Params) -> list[Split]:
    """Return the train, validation and test split of a CSV, under the protocol of the parameters.

    Raises:
        UserError: the CSV cannot be read, has a fault or leaves a split empty, or the votes are not its.
    """
    table = read_csv(csv, params["data"].names)
    if votes:
        check_rows(votes, table)
    how = params["preprocess"]
    splits = list(labelled(table, split_rows(table, how), how.labels, votes))
    for name, split in zip(SPLITS, splits, strict=True):
        if len(split) == 0:
            raise UserError(f"the {name} split of {csv} is empty")
    return splits


def from_folder(folder: Path) -> list[Split]:
    """Return the train, validation and test split that preprocess has written."""
    return [load_split(folder / name) for name in SPLITS]


def commit() -> str | None:
    """Return the hash of the commit that is checked out, None outside of a repository."""
    try:
        return head()
    except UserError:
        return None


if __name__ == "__main__":
    with one_line_errors():
        main()
