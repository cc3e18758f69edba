"""A visitor of the page: runs one of web/scenarios.js in a Chromium without a window."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.browser.node import node
from tests.browser.serving import Proxy, serve


def visit(site: Path, scenario: str, folder: Path, *options: str, **plan: Any) -> dict[str, Any]:
    """Let a visitor do something on the page, and return what is then there.

    Each visit also shows that the page runs without a complaint, moves nothing that is on the screen, is not
    wider than the window, and asks no other host for anything.

    Args:
        site: folder of the page.
        scenario: a name of web/scenarios.js.
        folder: of the files that the page saves.
        options: of Chromium's command line.
        plan: what else the scenario takes.
    """
    with serve(site) as url, Proxy().running() as proxy:
        given = {"url": url, "proxy": proxy.address, "downloads": folder, "options": options} | plan
        found: dict[str, Any] = json.loads(node("scenarios.js", scenario, json.dumps(given, default=str)))
        assert proxy.asked == [], f"the page asked for {proxy.asked}"
    assert found["complaints"] == []
    assert found["shifted"] == 0
    assert found["width"] <= plan.get("width", 1100)
    return found


def pictures(seen: list[list[int]]) -> list[np.ndarray]:
    """Return the faces that the page shows, each uint8 (side, side)."""
    return [np.array(face, np.uint8).reshape(int(len(face) ** 0.5), -1) for face in seen]
