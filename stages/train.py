"""Train the network on the train split; keep the weights that are best on validation.

A training that was killed goes on after its last finished epoch when this is run again. Of several processes
that train together (docs/devices.md) DVC runs process 0; the others, run by hand, write nothing.
"""

import argparse
from pathlib import Path

from emotion.config.schema import load_params
from emotion.data.storage import load_split
from emotion.network.model import save_model
from emotion.runtime.errors import one_line_errors
from emotion.runtime.files import write_json
from emotion.runtime.imports import hidden
from emotion.runtime.links import check_links
from emotion.runtime.lockfile import check_intact
from emotion.runtime.stage import begin
from emotion.training.devices import this_process
from emotion.training.run import summary, train_model

with hidden("pandas"):  # of which DVCLive would draw no curve
    from dvclive import Live


def main() -> None:
    """Read the train and validation splits; write the model, its curves and metrics/training.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="folder of the train split")
    parser.add_argument("--validation", type=Path, required=True, help="folder of the validation split")
    parser.add_argument("--model", type=Path, required=True, help="where to write the model")
    parser.add_argument("--curves", type=Path, required=True, help="folder of the live curves")
    parser.add_argument("--metrics", type=Path, required=True, help="where to write the metrics")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder of the resume checkpoints")
    args = parser.parse_args()
    every = load_params()
    network, training = every["model"], every["train"]
    if this_process().rank > 0:
        check_intact(args.train, args.validation)
        train_model(load_split(args.train), load_split(args.validation), network, training, args.checkpoints)
        return
    stage = begin("train", every, args.train, args.validation)
    check_links(args.model)
    train, validation = load_split(args.train), load_split(args.validation)
    with Live(str(args.curves), dvcyaml=None, save_dvc_exp=False, report=None) as live:

        def log(entry: dict[str, float]) -> None:
            live.step += 1
            for name, value in entry.items():
                part = "validation" if name.startswith("val_") else "train"
                live.log_metric(f"{part}/{name.removeprefix('val_')}", value)
            stage.check_dvc_is_there()

        trained = train_model(train, validation, network, training, args.checkpoints, log)

    stage.check_unchanged()
    save_model(trained.model, args.model)
    write_json(args.metrics, trained.metrics)
    print(f"{summary(trained, network, training)}: {args.model}")


if __name__ == "__main__":
    with one_line_errors():
        main()
