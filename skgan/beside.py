"""Work beside work: what the system does while Python waits - digests, flushes - begun at once, waited for later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

_MOST = 8


@contextmanager
def beside() -> Iterator[Callable[..., Callable[[], Any]]]:
    """Give ``begin(function, *arguments)``, which returns what waits for the result; all has ended when the block has.

    Where no thread is to be had - the system has none left, or Python is about to end - the function is called when
    its result is waited for.

    Examples
    --------
    >>> from skgan.beside import beside
    >>> with beside() as begin:
    ...     total = begin(sum, [1, 2, 3])
    ...     total()
    6
    """
    with ThreadPoolExecutor(_MOST, "skgan") as threads:

        def begin(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
            try:
                return threads.submit(function, *arguments).result
            except RuntimeError:
                return partial(function, *arguments)

        yield begin
