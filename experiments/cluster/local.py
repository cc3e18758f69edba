"""A Ray cluster of several nodes on one machine, for the demo and the tests."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

MEMORY = 80_000_000  # bytes of a node's object store, the least that Ray takes; messages here are tiny


@contextmanager
def local_cluster(nodes: int, cores: int) -> Iterator[Any]:
    """Yield a `ray.cluster_utils.Cluster`, whose attribute `address` a driver joins; at the end it is gone.

    Unlike `ray.init()` it writes no token into the home folder, which a later cluster would ask for, and it
    leaves alone where Ray notes the address of the cluster on this machine: there may be another one.

    Args:
        nodes: how many that compute; the head, which a driver needs, does not.
        cores: that each says it has.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is imported
    from ray.cluster_utils import Cluster

    # Not the head's `temp_dir`: the note of the address would still go to the default folder, which is there
    # only if a cluster has run on this machine before
    with (
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
        patch.dict(os.environ, RAY_TMPDIR=folder),
    ):
        cluster = Cluster()
        try:
            cluster.add_node(num_cpus=0, object_store_memory=MEMORY, include_dashboard=False)
            for _ in range(nodes):
                cluster.add_node(num_cpus=cores, object_store_memory=MEMORY)
            yield cluster
        finally:
            cluster.shutdown()
