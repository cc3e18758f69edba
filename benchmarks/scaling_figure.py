"""The figure of benchmarks.scaling: memory and time over the number of faces."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.one_stage import Cost
from emotion.evaluation.figures import house_style, save_png

DPI = 80


@house_style
def draw(costs: Mapping[int, Mapping[str, Cost]], limits: Mapping[str, float], path: Path) -> None:
    """Draw a line for each stage, and write the PNG.

    Args:
        costs: of each number of faces and each stage.
        limits: of the memory of each stage, in MB.
        path: of the PNG.
    """
    figure = Figure(figsize=(9, 3.6))
    memory, time = figure.subplots(1, 2)
    rows = list(costs)
    for stage in limits:
        (line,) = memory.plot(rows, [costs[number][stage].anonymous for number in rows], "o-", label=stage)
        time.plot(rows, [costs[number][stage].seconds for number in rows], "o-", color=line.get_color())
    for number, limit in enumerate(sorted(set(limits.values()))):
        label = None if number else "limits of memory"
        memory.axhline(limit, color="0.5", linewidth=0.8, linestyle="--", label=label)
    memory.set(xlabel="faces", ylabel="anonymous memory (MB)", xscale="log", ylim=(0, None))
    time.set(xlabel="faces", ylabel="processor time (s)", xscale="log", yscale="log")
    figure.legend(*memory.get_legend_handles_labels(), loc="outside lower center", ncols=len(limits) + 1)
    save_png(figure, path, DPI)
