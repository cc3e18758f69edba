"""The page as a folder: what is in it, and what npm is asked for."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from emotion.inference.recognizer import MODELS
from emotion.runtime.errors import UserError
from tests.support.classifiers import write_classifier
from tests.support.paths import ROOT
from tests.support.project import interruptible
from tools import site

WEB = ROOT / "web"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    site.build(tmp_path / "site", write_classifier(tmp_path / "hand.onnx"))
    return tmp_path / "site"


def test_the_page_with_the_model_in_the_box_is_under_four_megabytes_beside_its_runtime(built: Path) -> None:
    site.build(built, MODELS[0])
    files = [path for path in built.rglob("*") if path.is_file() and path.parent.name != "runtime"]
    assert sum(path.stat().st_size for path in files) < 4_000_000
    assert sum(path.stat().st_size for path in (built / "runtime").iterdir()) < 15_000_000


def test_everything_that_the_page_names_is_in_its_folder(built: Path) -> None:
    page = (built / "index.html").read_text(encoding="utf-8")
    for name in re.findall(r'(?:href|src)="([^":]+)"', page):
        assert (built / name).is_file(), name
    for module in built.glob("*.js"):
        for name in re.findall(r'(?:from|URL\() ?"(\./[^"]+)"', module.read_text(encoding="utf-8")):
            assert (built / name).is_file(), f"{module.name}: {name}"


def test_the_page_allows_itself_no_other_host(built: Path) -> None:
    page = (built / "index.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    sources = {word for rule in policy.split(";") for word in rule.split()[1:]}
    assert policy.startswith("default-src 'none'")
    assert sources <= {"'none'", "'self'", "'wasm-unsafe-eval'", "data:"}


def test_the_readme_of_the_folder_is_one_of_a_static_space_and_names_the_model(built: Path) -> None:
    readme = (built / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("---\ntitle: ")
    assert "\nsdk: static\n" in readme
    assert "by hand; accuracy 0.5, split none" in readme


def test_without_a_model_or_the_runtime_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "tools.site", str(tmp_path / "site"), "--model", "missing.onnx"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: missing.onnx is not there\n")
    monkeypatch.setattr(site, "RUNTIME", tmp_path / "nothing")
    with pytest.raises(UserError, match=r"run: npm ci --prefix web$"):
        site.build(tmp_path / "site", write_classifier(tmp_path / "hand.onnx"))


def test_a_port_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server((site.HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=rf"^port {port} cannot be used \(Address already in use\): name"):
            site.serve(tmp_path, port)
    with pytest.raises(UserError, match=r"^port 65536 cannot be used \(it must be 0 to 65535\)"):
        site.serve(tmp_path, 65536)


def test_the_folder_is_served_until_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the page")
    code = "import sys; from pathlib import Path; from tools.site import serve; serve(Path(sys.argv[1]), 0)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with (
        interruptible(),
        subprocess.Popen(
            command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as served,
    ):
        try:
            assert served.stdout
            (address,) = re.findall(r"http://127\.0\.0\.1:\d+", served.stdout.readline())
            with urlopen(address) as answer:
                assert answer.read() == b"the page"
            served.send_signal(signal.SIGINT)
            assert served.wait(timeout=60) == 0
        finally:
            served.kill()  # without effect on one that has ended


def test_the_lock_of_npm_pins_and_hashes_every_package_and_names_no_address() -> None:
    packages = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    asked = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    for name, version in (asked["dependencies"] | asked["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name
