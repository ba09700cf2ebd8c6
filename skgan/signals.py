"""Signals that ask to stop wait for the end of a step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any, NoReturn

Handler = Callable[[int, Any], Any]

#: exit status of a program that ended on SIGTERM, as shells count
TERMINATED = 128 + signal.SIGTERM


class Signals:
    """Puts off what handlers of signals raise, until somebody looks at `error`.

    A handler that was there before is called at once, and only what it raises is put off: Ctrl-C's raises
    KeyboardInterrupt. For SIGTERM, which has none unless somebody set one, it is ``SystemExit(143)``. A handler
    that raises nothing has dealt with the signal, and nothing stops. A second Ctrl-C is not put off.

    Parameters
    ----------
    all_of_them : bool
        Whether to watch SIGTERM and handlers of others too; otherwise Python's own Ctrl-C only.

    Examples
    --------
    >>> import signal
    >>> from skgan.signals import Signals
    >>> signals = Signals(all_of_them=False)
    >>> signals.catch()
    >>> signal.raise_signal(signal.SIGINT)
    >>> signals.release()
    >>> signals.error
    KeyboardInterrupt()
    """

    def __init__(self, all_of_them: bool):
        self.error: BaseException | None = None
        self._all = all_of_them
        self._before: dict[int, Any] = {}

    def catch(self) -> None:
        """Begin to put off; only the main thread is ever told of signals."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM) if self._all else (signal.SIGINT,):
            handler = signal.getsignal(number)
            if self._ours(number, handler):
                self._before[number] = handler
                signal.signal(number, self._put_off)

    def release(self) -> None:
        """Put the handlers back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _ours(self, number: int, handler: Any) -> bool:
        if handler is signal.default_int_handler:
            return True
        return self._all and (callable(handler) or (number == signal.SIGTERM and handler == signal.SIG_DFL))

    def _put_off(self, number: int, frame: Any) -> None:
        handler = self._before.get(number, signal.SIG_DFL)
        try:
            (handler if callable(handler) else _terminate)(number, frame)
        except BaseException as error:
            if self.error is not None and number == signal.SIGINT:
                raise
            self.error = self.error or error.with_traceback(None)


def _terminate(number: int, frame: Any) -> NoReturn:
    raise SystemExit(TERMINATED)
