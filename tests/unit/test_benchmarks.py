"""The benchmarks' table, and each measurement at a tiny size: what it does, not how fast."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from multiprocessing import Pipe
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from benchmarks import noop, parsing, peak, scaling, training
from benchmarks.__main__ import PAGE
from benchmarks.one_stage import Cost, measure
from benchmarks.table import row
from emotion.runtime import machine
from emotion.runtime.errors import UserError
from emotion.runtime.generated import with_part
from emotion.synthetic.expressions import write_faces
from tests.support.parameters import write_params
from tests.support.paths import ROOT


def test_a_row_has_medians_with_their_ends_and_the_ratio_of_the_medians() -> None:
    text = row(
        "reading", "rows/s", [9000.0, 12000.0, 10000.0], "pandas", [2000.0, 2500.0, 1500.0], at_least=4
    )
    assert text == (
        "| reading | 10,000 rows/s (9,000 to 12,000) | pandas: 2,000 rows/s (1,500 to 2,500) "
        "| 5.00 | at least 4: met |"
    )


@pytest.mark.parametrize(
    ("seconds", "goal", "verdict"),
    [
        (3.0, {"at_most": 3}, "at most 3: met"),
        (3.1, {"at_most": 3}, "at most 3: missed"),
        (1.0, {"at_least": 1}, "at least 1: met"),
        (0.9, {"at_least": 1}, "at least 1: missed"),
        (0.9, {"at_least": 1, "unchecked": "not checked"}, "at least 1: not checked"),
        (0.9, {}, "none"),
    ],
)
def test_the_verdict_follows_from_the_ratio(seconds: float, goal: dict[str, Any], verdict: str) -> None:
    assert row("no-op", "s", [seconds], "dvc version", [1.0], **goal).endswith(f" {verdict} |")


def test_the_memory_is_of_each_command_alone_and_not_of_an_earlier_larger_one() -> None:
    code = """if True:
        import sys
        from benchmarks.one_stage import measure
        for size in (200_000_000, 1):
            print(measure([sys.executable, "-c", f"bytearray(b'x') * {size}"]).resident)
    """
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    large, small = map(float, done.stdout.split())
    assert 200 < large < 300
    assert small < 100


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_anonymous_memory_is_without_the_files_that_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(200_000_000))
    code = """if True:
        import mmap, sys
        with open(sys.argv[1], "rb") as file:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            sum(pages[::4096])
            own = bytearray(b"x") * 100_000_000
            sum(own[::64])
    """
    cost = measure([sys.executable, "-c", code, str(tmp_path / "large")])
    assert 100 < cost.anonymous < 200
    assert cost.resident > 200
    assert cost.seconds > 0


def test_a_command_that_fails_has_no_cost() -> None:
    with pytest.raises(UserError, match="status 3"):
        measure([sys.executable, "-c", "raise SystemExit(3)"])


def test_hardware_tells_processors_of_one_name_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(machine, "CPUINFO", cpuinfo)
    found = []
    for flags in ("sse2", "sse2 avx2", "avx2 avx512f avx512_bf16"):
        cpuinfo.write_text(f"model name\t: Some CPU\nflags\t\t: {flags}\n")
        found.append(machine.hardware().partition(" cores of ")[2])
    assert found == ["Some CPU", "Some CPU, AVX2", "Some CPU, AVX-512 BF16"]


@pytest.mark.parametrize(
    ("platform", "devices", "processes", "backend", "expected"),
    [
        ("gpu", 1, "", "jax", "Some GPU, with JAX"),
        ("gpu", 4, "", "jax", "4 × Some GPU, with JAX"),
        ("gpu", 4, "2", "jax", "8 × Some GPU, with JAX"),
        ("cpu", 1, "", "jax", f"{os.cpu_count()} cores of Some CPU, with JAX"),
        ("cpu", 4, "2", "jax", f"2 × {os.cpu_count()} cores of Some CPU, with JAX"),
        ("gpu", 1, "", "tensorflow", f"{os.cpu_count()} cores of Some CPU"),
    ],
)
def test_hardware_names_what_keras_trains_on_how_many_and_jax(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    devices: int,
    processes: str,
    backend: str,
    expected: str,
) -> None:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    machine.CPUINFO.write_text("model name\t: Some CPU\n")
    device = SimpleNamespace(platform=platform, device_kind="Some GPU")
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(local_devices=lambda: [device] * devices))
    if processes:
        monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", processes)
    monkeypatch.setenv("KERAS_BACKEND", backend)
    cores = set(range(os.cpu_count() or 1))
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: cores, raising=False)
    assert machine.hardware() == expected


def test_hardware_says_to_how_many_of_its_cores_a_process_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    machine.CPUINFO.write_text("model name\t: Some CPU\n")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {8, 9}, raising=False)
    assert machine.hardware() == "2 of 64 cores of Some CPU"


def test_results_replace_the_old_ones_and_nothing_else() -> None:
    text = "above\n<!-- results -->\n{}<!-- end of the results -->\nbelow\n"
    assert with_part(text.format("old\n"), "results", "new\n") == text.format("new\n")


def test_results_have_their_place_in_the_page_on_performance() -> None:
    assert "new" in with_part(PAGE.read_text(encoding="utf-8"), "results", "new")


def test_a_text_without_a_place_for_results_is_refused() -> None:
    with pytest.raises(UserError, match="there is no place for the results: add the lines <!-- results -->"):
        with_part("<!-- results -->\nold\n", "results", "new\n")


@pytest.fixture
def small_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose params.yaml would end trainings early and begin them with small faces."""
    write_params(tmp_path, model={"name": "fast_cnn"}, train={"patience": 1, "epochs": 1, "small_epochs": 1})
    monkeypatch.chdir(tmp_path)


def run_main(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [benchmark.__name__, *arguments])
    benchmark.main()


def clock(seconds: Iterable[float]) -> SimpleNamespace:
    """Return a stand-in for the module `time` whose counter shows these."""
    shown = iter(seconds)
    return SimpleNamespace(perf_counter=lambda: next(shown))


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(parsing, "REPETITIONS", 2)
    write_faces(tmp_path / "faces.csv", 20, seed=0)
    return tmp_path / "faces.csv"


def test_every_reader_is_timed_on_the_same_faces(
    faces: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(parsing, "time", clock([0, 1, 0, 10, 0, 5, 0, 2, 0, 10, 0, 5]))
    run_main(parsing, monkeypatch, "--csv", str(faces))
    assert capsys.readouterr().out == (
        "| reading the CSV of 20 rows | 15 rows/s (10 to 20) "
        "| pandas and a split of each row: 2 rows/s (2 to 2) | 7.50 | at least 4: met |\n"
        "| reading the CSV of 20 rows | 15 rows/s (10 to 20) "
        "| pandas and np.fromstring of each row: 4 rows/s (4 to 4) | 3.75 | at least 1: met |\n"
    )


def test_readers_that_disagree_are_not_compared(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header, first, *others = faces.read_text().splitlines()
    faces.write_text("\n".join([header, f"{first[0]}.0{first[1:]}", *others]))  # a whole number to pandas
    with pytest.raises(UserError, match=r"^pandas reads other images or labels from .*faces\.csv"):
        run_main(parsing, monkeypatch, "--csv", str(faces))


def test_a_no_op_is_measured_in_a_finished_project_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setattr(noop, "REPETITIONS", 1)
    project = tmp_path / "project"
    project.mkdir()
    with pytest.raises(UserError, match=r"^dvc status failed with status 253 in "):
        run_main(noop, monkeypatch, "--project", str(project))
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], cwd=project, check=True)
    (project / "read").touch()
    (project / "dvc.yaml").write_text("stages: {copy: {cmd: cp read made, deps: [read], outs: [made]}}")
    with pytest.raises(UserError, match=r"is not up to date; finish it first: dvc repro$"):
        run_main(noop, monkeypatch, "--project", str(project))
    assert not (project / "made").exists()
    noop.dvc("repro", project)
    run_main(noop, monkeypatch, "--project", str(project))
    assert capsys.readouterr().out.startswith("| `dvc repro` with nothing to run | ")


@pytest.mark.parametrize("side", training.SIDES)
@pytest.mark.usefixtures("small_training")
def test_each_side_trains_as_many_epochs_as_are_timed(
    side: training.Side, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "1")  # which this sets for a process of its own
    monkeypatch.setattr(training, "IMAGES", 18)
    monkeypatch.setattr(training, "EPOCHS", 3)
    ours, theirs = Pipe()
    for _ in range(3):
        ours.send("go")
    training.train(side, theirs)
    seconds = []
    while ours.poll():
        seconds.append(ours.recv())
    assert len(seconds) == 3
    assert min(seconds) > 0
    assert capsys.readouterr().out == ""  # which is for the table


def test_an_epoch_is_timed_from_the_word_for_it_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EPOCHS", 2)
    monkeypatch.setattr(training, "time", clock([10, 13, 100, 104]))
    ours, theirs = Pipe()
    ours.send("go")
    ours.send("go")
    side = training.Clock(theirs)
    side.wait()
    side.end_epoch()
    side.end_epoch()  # would wait for ever for a third word
    assert [ours.recv(), ours.recv()] == [3, 4]


def test_a_side_that_fails_ends_the_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where there is no params.yaml
    monkeypatch.setattr(training, "SIDES", ["plain"])
    with pytest.raises(UserError, match=r"^the plain side of the training benchmark failed"):
        training.images_per_second()


@pytest.mark.usefixtures("small_training")
def test_a_training_is_compared_with_the_products_around_its_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = iter([1.0, 2.0, 3.0])
    monkeypatch.setattr(peak, "EPOCHS", 2)
    monkeypatch.setattr(peak, "matrix_rate", lambda: next(rates))
    monkeypatch.setattr(peak, "time", clock([0, 100, 200, 202, 300]))
    ours, peaks = peak.rates("paper", 18)
    assert peaks == [1, 2, 3]
    assert ours == pytest.approx([6 * 171_746_176 * 18 / 2 / 1e9])


def test_the_peak_is_that_of_the_fastest_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "SIDE", 100)
    monkeypatch.setattr(peak, "time", clock([0, 4, 10, 12, 20, 23, 30, 35]))
    assert peak.matrix_rate() == pytest.approx(2 * 100**3 / 2 / 1e9)


def test_what_grows_faster_than_the_rows_or_over_the_limit_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = {10: Cost(10, 0, 100), 30: Cost(33, 0, 400), 100: Cost(111, 0, 1501)}
    monkeypatch.setattr(scaling, "run_stages", lambda rows: dict.fromkeys(scaling.LIMITS, costs[rows]))
    figure = tmp_path / "scale.png"
    run_main(scaling, monkeypatch, "--rows", "10", "30", "100", "--figure", str(figure))
    verdicts = [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()]
    assert verdicts == ["met |", "met |", "missed |", "met |", "missed |"] * 4
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_more_rows_take_the_stages_no_more_memory() -> None:
    """The images of 20,000 more would take 46 MB."""
    code = """if True:
        import json
        from benchmarks import scaling
        from tests.support.parameters import PARAMS
        scaling.DEFAULTS = PARAMS
        del scaling.LIMITS["train"]
        print(json.dumps([scaling.run_stages(rows) for rows in (5_000, 25_000)]))
    """
    done = subprocess.run(
        [sys.executable, "-c", code],  # not from here: see measure
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    few, many = ({stage: Cost(*cost) for stage, cost in costs.items()} for costs in json.loads(done.stdout))
    assert {stage for stage in few if many[stage].anonymous > few[stage].anonymous + 35} == set()


def test_the_stages_whose_memory_is_measured_run_as_dvc_yaml_has_them(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces.csv", 210, seed=0)
    split = {"stratify": True, "validation": 0.25, "test": 0.25}  # of each class in each split
    write_params(tmp_path, validate={"rows": 210}, preprocess=split, model={"name": "fast_cnn"})
    code = """if True:
        import json
        from pathlib import Path
        from benchmarks.memory import peaks
        print(json.dumps(peaks(Path("faces.csv").absolute())))
    """
    done = subprocess.run(
        [sys.executable, "-c", code],  # not from here: see measure
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(done.stdout)
    assert list(found) == ["validate", "preprocess", "train", "evaluate"]
    assert min(found.values()) > 50
