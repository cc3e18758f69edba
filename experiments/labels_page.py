"""The tables and the figure of docs/labels.md, from what experiments.labels has measured."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from emotion.evaluation.figures import house_style, save_png
from emotion.runtime.generated import write_part
from emotion.runtime.project import ROOT

PAGE, FIGURE = ROOT / "docs/labels.md", ROOT / "docs/labels.png"
NO_MAJORITY = "no majority"
WORDS = {"unknown": "unknown", "NF": "no face"}  # what voters could say besides a class
DPI = 80


def write_page(measured: dict[str, Any]) -> None:
    """Write the measured parts of the page, and the figure."""
    for name, part in parts(measured).items():
        write_part(PAGE, name, part)
    save_png(label_figure(measured["votes"]), FIGURE, DPI)


def parts(measured: dict[str, Any]) -> dict[str, str]:
    """Return the measured parts of the page by their names."""
    models = measured["models"].items()
    return {
        "votes": markdown(votes_table(measured["votes"])),
        "voters": markdown([voters_line(name, model) for name, model in models]),
        "disagreements": markdown(
            disagreement_lines(next(iter(measured["models"].values()))["disagreements"])
        ),
        "ranking": markdown([ranking_line(name, model["ranking"]) for name, model in models]),
    }


def votes_table(votes: dict[str, dict[str, int]]) -> list[dict[str, str]]:
    """Return a line for each label: for which class its voters are, and how many agree with it."""
    lines = []
    for label, counts in votes.items():
        classes = {name: count for name, count in counts.items() if name not in (*WORDS, NO_MAJORITY)}
        shown = {WORDS.get(name, name): f"{count:,}" for name, count in counts.items()}
        lines.append({"label": label, **shown, "agree": f"{classes[label] / sum(classes.values()):.0%}"})
    return lines


def voters_line(name: str, model: dict[str, Any]) -> dict[str, str]:
    """Return a line of the table of accuracies."""
    voters = model["voters"]
    return {
        "model": name,
        "accuracy": f"{model['accuracy']:.3f} of {model['rows']:,}",
        "with a majority": f"{voters['rows']:,}",
        "label is the majority": f"{voters['labels']:.3f}",
        "prediction is the majority": f"{voters['predictions']:.3f}",
        "accuracy where the label is": f"{voters['agreed']['accuracy']:.3f}",
        "accuracy where it is not": f"{voters['others']['accuracy']:.3f}",
    }


def disagreement_lines(sides: dict[str, dict[str, int]]) -> list[dict[str, str]]:
    """Return a line for each label, and one for all of them."""
    total = {key: sum(side[key] for side in sides.values()) for key in next(iter(sides.values()))}
    return [
        {
            "label": label,
            "the model disagrees": f"{side['rows']:,}",
            **{
                f"voters for {key}": f"{side[name]:,} ({side[name] / max(side['rows'], 1):.0%})"
                for key, name in (("the model", "model"), ("the label", "label"), ("neither", "neither"))
            },
        }
        for label, side in {**sides, "all": total}.items()
    ]


def ranking_line(name: str, ranking: dict[str, Any]) -> dict[str, str]:
    """Return a line of the table of rankings."""
    return {
        "model": name,
        "labels": f"{ranking['rows']:,}",
        **{f"first {int(first):,}": f"{share:.0%}" for first, share in ranking["first"].items()},
        "all": f"{ranking['contradicted']:.0%}",
        "AUC": f"{ranking['auc']:.3f}",
    }


def markdown(lines: list[dict[str, str]]) -> str:
    """Return a Markdown table of lines, each a dictionary by the headers of the columns."""
    rows = [list(lines[0]), ["---"] * len(lines[0]), *(list(line.values()) for line in lines)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


@house_style
def label_figure(votes: dict[str, dict[str, int]]) -> Figure:
    """Draw, for each label, what share of its faces the voters take for each class, or agree on nothing."""
    counts = np.array([list(row.values()) for row in votes.values()])
    counts = np.column_stack([counts[:, :-3], counts[:, -3:].sum(axis=1)])
    shares = counts / counts.sum(axis=1, keepdims=True)
    columns = [*list(next(iter(votes.values())))[:-3], "no class"]

    figure = Figure(figsize=(7.6, 5.4))
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else "black"
        axes.text(column, row, f"{share:.0%}", color=colour, ha="center", va="center", fontsize=9)
    names = [f"{name}\n({total:,})" for name, total in zip(votes, counts.sum(axis=1), strict=True)]
    axes.set_xticks(range(len(columns)), columns, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set(title="FER-2013's labels and the majority of FER+'s voters", xlabel="majority")
    axes.set(ylabel="label (faces)")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, shrink=0.8, label="share of the label", format=PercentFormatter(1))
    bar.outline.set_visible(False)
    return figure
