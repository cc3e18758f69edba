"""Waiting for something that another process does."""

import time
from collections.abc import Callable

LIMIT = 240  # seconds


def wait_until(happened: Callable[[], object]) -> None:
    """Return as soon as it has happened."""
    end = time.monotonic() + LIMIT
    while not happened():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.05)
