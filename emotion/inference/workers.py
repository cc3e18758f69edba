"""Work on several things at once, with the answers in order and a bounded number of them waiting."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
AHEAD = 2  # things a worker may be ahead: a slow first one does not stop the others, and memory stays bounded


def in_order(
    work: Callable[[Item], Answer], items: Iterable[Item], workers: int
) -> Iterator[Callable[[], Answer]]:
    """Yield, for each item in order, a function that gives its answer or raises its error.

    Threads suffice: Pillow, NumPy and ONNX Runtime let go of the interpreter while they compute.
    """
    if workers <= 1:
        for item in items:
            yield lambda item=item: work(item)  # type: ignore[misc]
        return
    waiting: deque[Future[Answer]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > workers * AHEAD:
                yield waiting.popleft().result
        while waiting:
            yield waiting.popleft().result
    finally:
        pool.shutdown(cancel_futures=True)
