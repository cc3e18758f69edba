import numpy as np
import pytest

from emotion.runtime.errors import UserError
from experiments.ranking import dots, print_table, ranking

CSV = """Experiment,rev,State,validation.accuracy,accuracy,train.optimizer,train.lr,train.epochs
,workspace,,0.9,0.9,adam,0.1,5
,main,,0.9,0.9,adam,0.1,5
tuning-1,a1,,0.60,0.66,adam,0.001,10
tuning-2,a2,Success,0.62,0.61,sgd,0.001,10
tuning-3,a3,Failed,0.9,0.9,nadam,0.001,
tuning-4,a4,Running,!,!,adagrad,0.001,10
tuning-1,a5,Failed,0.9,0.9,adam,0.001,10
tuning-10,a6,,0.60,0.60,adam,1e-05,10
tuning2-1,a7,,0.99,0.99,adam,0.001,10
other,a8,,0.99,0.99,adam,0.001,10
"""
PARAMS = ["train.optimizer", "train.lr"]


def test_validation_ranks_and_test_does_not() -> None:
    ranked, _ = ranking(CSV, "tuning", PARAMS)
    assert list(ranked["Experiment"]) == ["tuning-2", "tuning-1", "tuning-10"]
    assert list(ranked["accuracy"]) == [0.61, 0.66, 0.60]


def test_what_did_not_finish_is_named_and_left_out_whatever_numbers_it_shows() -> None:
    assert ranking(CSV, "tuning", PARAMS)[1] == ["tuning-3", "tuning-4"]


def test_a_sweep_of_one_experiment_has_no_number() -> None:
    assert list(ranking(CSV, "other", PARAMS)[0]["Experiment"]) == ["other"]


def test_parameters_are_shown_as_they_are_written() -> None:
    assert set(ranking(CSV, "tuning", ["train.epochs"])[0]["train.epochs"]) == {"10"}


def test_a_parameter_that_is_null_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    csv = CSV.replace("sgd,0.001,10", "sgd,,10")  # as DVC writes it
    ranked, _ = ranking(csv, "tuning", PARAMS)
    print_table(ranked, PARAMS)
    assert "sgd null" in " ".join(capsys.readouterr().out.split())
    assert dots(ranked, PARAMS).axes[0].get_yticklabels()[0].get_text() == "sgd, null"


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(UserError, match=r"params\.yaml has no 'train\.rate'"):
        ranking(CSV, "tuning", ["train.rate"])


@pytest.mark.parametrize("sweep", ["nothing", "tuning-3", "a("])
def test_a_sweep_of_which_nothing_finished_says_where_to_look(sweep: str) -> None:
    with pytest.raises(UserError, match=r"no experiment .* has finished; see: dvc queue status"):
        ranking(CSV, sweep, PARAMS)


def test_no_metrics_at_all_says_the_same() -> None:
    csv = "Experiment,rev,State,train.lr\ntuning-1,a1,Queued,0.1\n"
    with pytest.raises(UserError, match=r"no experiment .* has finished; see: dvc queue status"):
        ranking(csv, "tuning", ["train.lr"])


def test_the_table_has_a_line_for_each_experiment(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(ranking(CSV, "tuning", PARAMS)[0], PARAMS)
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if "tuning" in line]
    assert lines[0] == ["1", "tuning-2", "sgd", "0.001", "0.6200", "0.6100"]
    assert len(lines) == 3


def test_the_table_of_many_parameters_keeps_both_accuracies_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    wide = {"train.label_smoothing": "0.1", "train.class_weights": "balanced", "preprocess.stratify": "True"}
    ranked, _ = ranking(CSV, "tuning", PARAMS)
    print_table(ranked.assign(**wide, Experiment="a-sweep-of-a-long-name-1"), [*PARAMS, *wide])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    assert [line.split()[-2:] for line in out.splitlines() if "0.6200" in line] == [["0.6200", "0.6100"]]


def test_the_figure_has_a_line_for_each_experiment_and_both_accuracies() -> None:
    axes = dots(ranking(CSV, "tuning", PARAMS)[0], PARAMS).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "sgd, 0.001",
        "adam, 0.001",
        "adam, 1e-05",
    ]
    assert [np.asarray(line.get_xdata()).tolist() for line in axes.lines] == [
        [0.62, 0.60, 0.60],
        [0.61, 0.66, 0.60],
    ]
