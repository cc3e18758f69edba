"""A search: its trials are experiments; interrupted it goes on; a hopeless trial ends early."""

import json
import signal
from collections.abc import Iterator

import optuna
import pytest
from optuna.storages import RDBStorage

from experiments.search import SPACE, SPARED_EPOCHS, SPARED_TRIALS
from tests.support.project import Project

pytestmark = pytest.mark.usefixtures("short")
LONG = 20  # epochs: enough for a trial to be stopped before it ends


@pytest.fixture
def storage(project: Project) -> Iterator[RDBStorage]:
    """Where the search of this project is kept."""
    (project.folder / "sweeps").mkdir()
    opened = RDBStorage(f"sqlite:///{project.folder / 'sweeps/search.db'}")
    yield opened
    opened.remove_session()
    opened.engine.dispose()


def command(trials: int, epochs: int = 4) -> list[str]:
    return f"python -m experiments.search search --trials {trials} --epochs {epochs}".split()


def study_name(project: Project) -> str:
    return f"search of {project.run('git', 'rev-parse', 'HEAD').strip()}"


def experiments(project: Project) -> set[str]:
    return set(project.run("dvc", "exp", "list", "--name-only").split())


def test_an_interrupted_search_goes_on_and_counts_each_trial_once(
    project: Project, storage: RDBStorage
) -> None:
    with project.popen(*command(2)) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("search-0  epoch 1"):
                break
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 130
    assert experiments(project) == set()

    output = project.run(*command(2), "--workers", "2")
    assert "search-0  epoch 1" not in output  # it went on from its checkpoint
    assert experiments(project) == {"search-0", "search-1"}
    study = optuna.load_study(study_name=study_name(project), storage=storage)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE"]
    assert all(f"{trial.value:.4f}" in output for trial in study.trials)
    assert project.read("sweeps/search.png").startswith(b"\x89PNG")

    assert "epoch 1 of" not in project.run(*command(2))  # there is nothing left to do
    project.run("dvc", "exp", "apply", "search-1")
    reached = json.loads(project.read("metrics/training.json"))
    assert study.trials[1].value == reached["validation"]["accuracy"]  # the test split chooses nothing
    assert f"lr: {study.trials[1].params['train.lr']:.3g}" in (project.folder / "params.yaml").read_text()


def test_a_hopeless_trial_is_stopped_and_recorded_as_the_shorter_training(
    project: Project, storage: RDBStorage
) -> None:
    study = optuna.create_study(storage=storage, study_name=study_name(project), direction="maximize")
    perfect = optuna.trial.create_trial(
        params={name: getattr(space, "low", "adam") for name, space in SPACE.items()},
        distributions=SPACE,
        value=1.0,
        intermediate_values=dict.fromkeys(range(1, LONG + 1), 1.0),
    )
    study.add_trials([perfect] * SPARED_TRIALS)

    output = project.run(*command(SPARED_TRIALS + 1, LONG))
    name = f"search-{SPARED_TRIALS}"
    assert ", stopped early" in output
    trial = study.trials[SPARED_TRIALS]
    assert trial.state == optuna.trial.TrialState.PRUNED
    project.run("dvc", "exp", "apply", name)
    epochs = json.loads(project.read("metrics/training.json"))["epochs"]
    assert SPARED_EPOCHS <= epochs < LONG
    assert epochs == trial.last_step


def test_a_trial_that_fails_says_why_and_the_search_goes_on(project: Project, storage: RDBStorage) -> None:
    project.set(validate__rows=5)
    project.run("git", "commit", "--quiet", "--all", "--message", "Fewer rows than there are")
    output = project.run(*command(2), status=1)
    for number in (0, 1):
        assert f"search-{number}  failed: validation failed: expected exactly 5 rows; found 210" in output
    assert "no experiment of the sweep 'search' has finished" in output


def test_a_trial_that_failed_in_an_earlier_run_does_not_count(project: Project, storage: RDBStorage) -> None:
    study = optuna.create_study(storage=storage, study_name=study_name(project), direction="maximize")
    study.tell(study.ask(SPACE), state=optuna.trial.TrialState.FAIL)
    output = project.run(*command(1, epochs=1))
    assert experiments(project) == {"search-1"}
    assert "search-1  epoch 1 of 1" in output


def test_changes_that_are_not_committed_are_refused(project: Project) -> None:
    project.set(train__seed=1)
    assert "error: there are uncommitted changes" in project.run(*command(1), status=1)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"train__schedule": "cosine"}, "train.schedule is cosine"),
        ({"model__name": "fast_cnn"}, "model.name is fast_cnn"),
    ],
)
def test_parameters_that_a_search_cannot_begin_with_are_named(
    project: Project, values: dict[str, str], reason: str
) -> None:
    project.set(**values)
    project.run("git", "commit", "--quiet", "--all", "--message", "Another training")
    assert f"error: {reason}" in project.run(*command(1), status=1)
