"""A Ray cluster of several nodes on one machine, for the demo and the tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MEMORY = 80_000_000  # bytes of a node's object store, the least that Ray takes; messages here are tiny


@contextmanager
def local_cluster(nodes: int, cores: int) -> Iterator[Any]:
    """Yield a `ray.cluster_utils.Cluster`, whose attribute `address` a driver joins; at the end it is gone.

    Unlike `ray.init()` it writes no token into the home folder, which a later cluster would ask for.

    Args:
        nodes: how many that compute; the head, which a driver needs, does not.
        cores: that each says it has.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is imported
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray-")
    cluster = Cluster()
    try:
        cluster.add_node(num_cpus=0, object_store_memory=MEMORY, include_dashboard=False, temp_dir=folder)
        for _ in range(nodes):
            cluster.add_node(num_cpus=cores, object_store_memory=MEMORY)
        yield cluster
    finally:
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
