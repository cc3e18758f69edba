"""Many experiments at once: a sweep, and the table that compares them."""

from tests.pipeline.conftest import Project


def test_a_sweep_is_queued_run_and_ranked_and_its_experiments_are_compared(project: Project) -> None:
    (project.folder / ".venv").mkdir()
    (project.folder / ".venv/ready").touch()  # the packages are those of the tests
    before = project.read("params.yaml")
    output = project.run("make", "paper-tuning", "OPTIMIZERS=adam,sgd", "RATES=0.001", "EPOCHS=1")
    ranked = [line.split() for line in output.splitlines() if "tuning-" in line and " 0.001 " in line]
    assert [row[0] for row in ranked] == ["1", "2"]
    assert {row[2] for row in ranked} == {"adam", "sgd"}
    assert project.read("sweeps/tuning.png").startswith(b"\x89PNG")
    assert project.read("params.yaml") == before  # experiments of the queue run in folders of their own

    compared = project.run("make", "compare", COLUMNS="120")
    header = next(line for line in compared.splitlines() if "Experiment" in line).split()
    assert {"validation.accuracy", "accuracy", "macro_f1", "train.optimizer"} < set(header)
    assert not {"loss", "train.accuracy", "plot.dpi", "validate.rows", "data/processed"} & set(header)
    assert "[tuning-1]" in compared
