"""Can DVC link what a stage makes into its cache? It asks that only when the stage has ended."""

import os
from pathlib import Path

from emotion.runtime.errors import UserError


def check_links(output: Path) -> None:
    """Refuse to begin a long stage where DVC could not take its output into the cache afterwards.

    With `cache.type` set to hardlink alone, for one, and the cache on another file system. Outside DVC this
    does nothing.

    Args:
        output: what the stage makes.

    Raises:
        UserError: no configured type of link is possible from the cache to there.
    """
    if "DVC_ROOT" not in os.environ:
        return
    from dvc.config import Config  # here, because a stage that runs without DVC does not need it

    kinds = Config.from_cwd()["cache"].get("type") or ["copy"]
    if "copy" in kinds:
        return
    from dvc.repo import Repo
    from dvc_objects.fs.generic import test_links

    with Repo() as repo:
        cache = repo.cache.local
        possible = test_links(kinds, cache.fs, cache.path, repo.fs, str(output.absolute()))
    if not possible:
        raise UserError(
            f"DVC cannot link its cache {cache.path} to {output} with cache.type {','.join(kinds)}: is it on "
            "another file system? Run: dvc config --local cache.type hardlink,copy (or symlink)"
        )
