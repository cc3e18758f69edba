"""One table of all experiments, kept up to date on a terminal and printed at the end elsewhere."""

from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from emotion.training.progress import Epoch


@dataclass
class Row:
    """Where an experiment is.

    Attributes:
        state: in a word.
        node: and the number of its slot.
        epoch: how many of how many.
        validation: accuracy after that epoch.
    """

    state: str = "waiting"
    node: str = ""
    epoch: str = ""
    validation: str = ""


class Progress:
    """The table; it shows itself in a `with` block."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._live = Live(console=Console(highlight=False), get_renderable=self._table, refresh_per_second=2)

    def __enter__(self) -> "Progress":
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)

    def row(self, experiment: str) -> Row:
        """Return the row of an experiment, which is added if it is new."""
        return self.rows.setdefault(experiment, Row())

    def epoch(self, experiment: str, epoch: Epoch) -> None:
        """Note an epoch that has ended."""
        row = self.row(experiment)
        row.epoch = f"{epoch.number}/{epoch.epochs}"
        row.validation = f"{epoch.scores['val_accuracy']:.4f}"

    def _table(self) -> Table:
        table = Table(
            "experiment", "state", "node", "epoch", "validation", box=box.SIMPLE, padding=(0, 1, 0, 0)
        )
        for name, row in self.rows.items():
            table.add_row(name, row.state, row.node, row.epoch, row.validation)
        return table
