"""Training on several ranks: one process a device, started by torchrun; what they share and how they agree.

::

    torchrun --nproc-per-node 2 -m skgan fit images.npy --out model
    torchrun --nproc-per-node 2 script.py

Every process runs the same script and calls `fit` with the same settings and the same data. Rank r of R trains on
slice r of batches of R times `batch_size` rows, and on slice r of their latents; gradients are means over all ranks, so
that R ranks compute what one rank computes with R times the batch. Batch statistics are those of a rank's own rows, or
with ``sync_batch_norm=True`` of all, at the price of two messages for each layer and pass. Parts draw other random
numbers on each rank; rank 0 draws what a training in one process draws.

At every tick, that is each 100th generator update, ranks take over buffers and what parts count in from rank 0 and
decide together whether to go on: so a time limit, Ctrl-C, SIGTERM and a callback's wish to stop are looked at every
tick, not every step. Rank 0 alone runs callbacks, writes checkpoints, shows a progress bar and warns; the others wait.
Afterwards all ranks hold the same estimator.

A rank that fails ends all of them; one that hangs does so after `time_limit` seconds. Processes that joblib or
multiprocessing start inside a rank, and threads, train by themselves: they would otherwise answer in its place. So
does everything inside ``with alone():``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor

from skgan import exceptions
from skgan._compat import store_of_the_ranks
from skgan.exceptions import DeviceError, RankError, SkganError, TrainingWarning
from skgan.validation import listed, sentence

if TYPE_CHECKING:
    from skgan.training import Player, TrainState

#: seconds that a rank waits for another one in the middle of training, unless SKGAN_TIMEOUT_SECONDS says otherwise
TIMEOUT = 120.0
#: times as long it waits where another one may have work of its own: reading data, callbacks, writing a checkpoint
PATIENCE = 10
#: numbers that are sent together at a tick
_BUCKET = 2**24
#: seconds in which ranks say what they were waiting for, before somebody is blamed
_GRACE = 1.5
_NEEDED = ("RANK", "MASTER_ADDR", "MASTER_PORT")

_IN_A_WORKER = False
_ALONE: ContextVar[bool] = ContextVar("skgan_alone", default=False)
_STORE: list[Any] = []
_FITS = 0


class Alone:
    """A training in one process, which agrees with itself at no cost; what several ranks offer.

    Attributes
    ----------
    rank, size : int
        Which one this process is, and of how many.
    alone : bool
        Whether there are no others, so that nothing has to wait for a tick.
    leads : bool
        Whether this process writes, warns and runs callbacks.

    Examples
    --------
    >>> from skgan.distributed import Alone
    >>> Alone().first_does("a sum", lambda: 1 + 1)
    2
    """

    rank, size = 0, 1
    alone = leads = True

    def device(self, device: torch.device) -> torch.device:
        """Return the device of this process, of those that a user's word stands for."""
        return device

    def attach(self, state: TrainState) -> None:
        """Let the players of a training share their gradients."""

    def total(self, tensor: Tensor) -> Tensor:
        """Return the sum of a tensor over all ranks, with its gradient."""
        return tensor

    def level(self, state: TrainState) -> None:
        """Make the state of a training the same everywhere: means over all, and rank 0's in all else."""

    def compare(self, what: str, mine: Callable[[], Mapping[str, str]]) -> None:
        """Raise on all ranks unless every value is the same on all of them."""

    def gather(self, phase: str, mine: Any, patient: bool = False) -> list[Any]:
        """Return what every rank says, in the order of the ranks; JSON must be able to hold it."""
        return [mine]

    def first_does(self, phase: str, function: Callable[[], Any]) -> Any:
        """Return what rank 0 gets from `function`, and raise on all ranks what it raises; the others wait."""
        return function()


class Ranks(Alone):
    """Several processes that train one estimator.

    Parameters
    ----------
    timeout : float
        Seconds to wait for another rank in the middle of training.
    """

    alone = False

    def __init__(self, timeout: float = TIMEOUT):
        global _FITS
        self._timeout = timeout
        self._groups: list[Any] = []
        self._made_by_us = not dist.is_initialized()
        patient = timedelta(seconds=timeout * PATIENCE)
        _FITS += 1
        # what an earlier fit, or a process that was started before this one, has left in the store is not met again
        meeting = f"skgan/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}/{_FITS}"
        if self._made_by_us:
            rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
            self.rank, self.size = rank, size
            with self._reaching("the other ranks to begin"):
                self._store = dist.PrefixStore(meeting, _store_of_environment(patient))
                dist.init_process_group("gloo", store=self._store, rank=rank, world_size=size, timeout=patient)
        else:
            self.rank, self.size = dist.get_rank(), dist.get_world_size()
            self._store = dist.PrefixStore(meeting, store_of_the_ranks())
        with self._reaching("the other ranks to begin"):
            self._patient = self._group("gloo", PATIENCE)
            self._quick = self._gradients = self._group("gloo")
        self.leads = self.rank == 0
        self._device_before: int | None = None

    def _group(self, backend: str, times: float = 1) -> Any:
        group = dist.new_group(backend=backend, timeout=timedelta(seconds=self._timeout * times))
        self._groups.append(group)
        return group

    # --- devices --------------------------------------------------------------------------------

    def device(self, device: torch.device) -> torch.device:
        """Return the GPU with this process's number on its machine; the CPU is everybody's."""
        if device.type == "cpu":
            return device
        local = int(os.environ.get("LOCAL_RANK", self.rank))
        if device.type != "cuda" or device.index not in (None, local) or local >= torch.cuda.device_count():
            raise DeviceError(
                sentence(
                    f"The 'device' parameter on rank {self.rank} must leave it a GPU of its own, or be 'cpu'.",
                    f"Got {str(device)!r} on a machine with {torch.cuda.device_count()} CUDA devices, where this is",
                    f"process {local}. Set 'cuda', and start one process a GPU with torchrun --nproc-per-node.",
                )
            )
        self._device_before = torch.cuda.current_device()
        torch.cuda.set_device(local)
        return torch.device("cuda", local)

    # --- numbers --------------------------------------------------------------------------------

    def attach(self, state: TrainState) -> None:
        """Let the players of a training share their gradients."""
        if state.device.type == "cuda":  # the host must notice first who is late: it knows words, the device does not
            with self._reaching("the other GPUs"):
                self._gradients = self._group("nccl", 2)
        for player in state.players:
            player.share = partial(self._share, state, player)

    def _share(self, state: TrainState, player: Player, tensors: list[Tensor]) -> list[Tensor]:
        """Return the means of tensors over all ranks; one message, and nothing that the host has to know."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        try:
            dist.all_reduce(flat, group=self._gradients)
        except RuntimeError as error:
            raise self._failed(f"the gradients of the {player.name} after step {state.step}", error) from error
        flat /= self.size
        pieces = flat.split([tensor.numel() for tensor in tensors])
        return [piece.view(tensor.shape).to(tensor.dtype) for piece, tensor in zip(pieces, tensors, strict=True)]

    def total(self, tensor: Tensor) -> Tensor:
        """Return the sum of a tensor over all ranks, with its gradient."""
        return _Total.apply(tensor, self._added_up)

    def _added_up(self, tensor: Tensor) -> Tensor:
        found = tensor.clone(memory_format=torch.contiguous_format)
        with self._reaching("the batch statistics"):
            dist.all_reduce(found, group=self._gradients)
        return found

    @torch.no_grad()
    def level(self, state: TrainState) -> None:
        """Make the state the same on all ranks: means over all of figures and sums, rank 0's numbers in all else."""
        figures = [total for player in state.players for total in player.means.sums()]
        with self._reaching(f"the tick at step {state.step}"):
            for bucket in _buckets([*figures, *_sorted(state.statistics)]):
                self._in_one(bucket, dist.all_reduce, divide=True)
            for bucket in _buckets(_sorted(state.tensors())):
                self._in_one(bucket, partial(dist.broadcast, src=0))

    def _in_one(self, tensors: list[Tensor], send: Callable[..., Any], divide: bool = False) -> None:
        """Send tensors of one kind as one, and take over what comes back."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        send(flat, group=self._gradients if flat.device.type == "cuda" else self._quick)
        if divide:
            flat /= self.size
        for tensor, piece in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(piece.view(tensor.shape))

    # --- words ----------------------------------------------------------------------------------

    def compare(self, what: str, mine: Callable[[], Mapping[str, str]]) -> None:
        """Raise on all ranks unless every value is the same on all of them."""
        first, *others = self.gather(f"{what} of all ranks", dict(mine()), patient=True)
        for rank, theirs in enumerate(others, 1):
            names = [name for name in sorted(first.keys() | theirs.keys()) if first.get(name) != theirs.get(name)]
            if names:
                told = "; ".join(f"{n}: {str(first.get(n))[:60]} and {str(theirs.get(n))[:60]}" for n in names[:3])
                raise RankError(
                    sentence(
                        f"All ranks must train the same: {what} of rank {rank} are not those of rank 0.",
                        f"Got other {listed(names, 3)}: {told}.",
                        "Let every process run the same script on the same files, with one random_state.",
                    )
                )

    def gather(self, phase: str, mine: Any, patient: bool = False) -> list[Any]:
        """Return what every rank says, in the order of the ranks; JSON must be able to hold it."""
        group = self._patient if patient else self._quick
        words = torch.tensor(list(json.dumps([phase, mine], default=_plain).encode()), dtype=torch.uint8)
        with self._reaching(phase):
            lengths = [torch.zeros(1, dtype=torch.long) for _ in range(self.size)]
            dist.all_gather(lengths, torch.tensor([len(words)]), group=group)
            longest = int(torch.cat(lengths).max())
            said = [torch.zeros(longest, dtype=torch.uint8) for _ in range(self.size)]
            dist.all_gather(said, torch.cat([words, words.new_zeros(longest - len(words))]), group=group)
        told = [json.loads(bytes(w[:n].tolist())) for w, n in zip(said, torch.cat(lengths).tolist(), strict=True)]
        for rank, (where, _) in enumerate(told):
            if where != phase:
                raise RankError(
                    sentence(
                        f"All ranks must do the same. Rank {self.rank} is at {phase}, rank {rank} at {where[:80]}.",
                        "Let every process run the same script, and call fit equally often.",
                    )
                )
        return [answer for _, answer in told]

    def first_does(self, phase: str, function: Callable[[], Any]) -> Any:
        """Return what rank 0 gets from `function`, and raise on all ranks what it raises; the others wait."""
        mine: dict[str, Any] = {}
        error: Exception | None = None
        if self.leads:
            try:
                mine = {"answer": function()}
            except Exception as caught:
                error, mine = caught, {"error": type(caught).__name__, "words": str(caught)}
        found = self.gather(phase, mine, patient=True)[0]
        if error is not None:
            raise error
        if "error" in found:
            raise _as_raised(found["error"], found["words"])
        return found["answer"]

    # --- failures -------------------------------------------------------------------------------

    @contextmanager
    def _reaching(self, phase: str) -> Iterator[None]:
        """Say which rank is missing, and from where, when the others cannot be reached."""
        try:
            yield
        except RuntimeError as error:
            if isinstance(error, SkganError):
                raise
            raise self._failed(phase, error) from error

    def _failed(self, phase: str, error: RuntimeError) -> RankError:
        """Return the error that says who is missing at `phase`."""
        reason = self._first_reason(phase)
        timed_out = any(word in str(error).lower() for word in ("timed out", "timeout"))
        waited = f"waited too long (SKGAN_TIMEOUT_SECONDS is {self._timeout:g})" if timed_out else "lost the others"
        return RankError(
            sentence(
                f"A training on {self.size} ranks needs all of them to its end. Rank {self.rank} {waited} at {phase}:",
                f"{reason}.",
                "Mend that one and start all of them again, with resume='auto' where there are checkpoints.",
            )
        )

    def _first_reason(self, phase: str) -> str:
        """Return what the ranks that are not waiting, as this one is, have said last."""
        missing = [rank for rank in range(self.size) if rank != self.rank]
        failed: dict[int, str] = {}
        with suppress(RuntimeError):  # the store is gone with the rank that kept it
            self._store.set(f"waits/{self.rank}", phase)
            ends = time.monotonic() + _GRACE
            while missing and not failed and time.monotonic() < ends:
                failed = {r: self._store.get(f"failed/{r}").decode() for r in missing if self._has(f"failed/{r}")}
                missing = [rank for rank in missing if not self._has(f"waits/{rank}")]
                time.sleep(0.02)
        if failed:
            rank, words = min(failed.items())
            return f"rank {rank} failed with {words}"
        return f"rank {', '.join(map(str, missing))} did not come" if missing else "all of them wait as this one does"

    def _has(self, key: str) -> bool:
        return bool(self._store.check([key]))

    def leave(self, error: BaseException | None) -> None:
        """Tell the others what this rank failed with, if it did, and let them go."""
        if error is not None and not isinstance(error, RankError):
            with suppress(RuntimeError):
                self._store.set(f"failed/{self.rank}", f"{type(error).__name__}: {str(error)[:250]}".rstrip(". "))
        if self._device_before is not None:
            torch.cuda.set_device(self._device_before)
        with suppress(RuntimeError):
            if self._made_by_us:
                dist.destroy_process_group()
            else:
                for group in self._groups:
                    dist.destroy_process_group(group)
        self._groups = []
        self._patient = self._quick = self._gradients = None  # a connection that is let go is closed, which others see


class _Total(torch.autograd.Function):
    """A sum over ranks. Each rank's loss depends on the sum, so its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, added_up: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.added_up = added_up
        return added_up(tensor)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        return _Total.apply(slope, ctx.added_up), None


@contextmanager
def joined() -> Iterator[Alone]:
    """Join the other processes of this training, if torchrun or the user has started some, and leave them at the end.

    Yields
    ------
    Alone
        What this process agrees with others by; of the class `Ranks` where there are some.
    """
    if not is_several():
        yield Alone()
        return
    with warnings.catch_warnings():
        ranks = Ranks(time_limit())
        if not ranks.leads:
            warnings.simplefilter("ignore", TrainingWarning)
        try:
            yield ranks
        except BaseException as error:
            ranks.leave(error)
            raise
        ranks.leave(None)


@contextmanager
def alone() -> Iterator[None]:
    """Let what is fitted inside be trained by this process alone, though there are others.

    Examples
    --------
    >>> from skgan import distributed
    >>> with distributed.alone():
    ...     distributed.is_several()
    False
    """
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)


def is_several() -> bool:
    """Return whether this is one of several processes that train together; workers and threads of one are not."""
    apart = _IN_A_WORKER or threading.current_thread() is not threading.main_thread()
    if _ALONE.get() or apart or not dist.is_available():
        return False
    if dist.is_initialized():
        return dist.get_world_size() > 1
    if multiprocessing.parent_process() is not None or int(os.environ.get("WORLD_SIZE") or 1) < 2:
        return False
    missing = [name for name in _NEEDED if name not in os.environ]
    if missing:
        raise RankError(
            sentence(
                f"WORLD_SIZE={os.environ['WORLD_SIZE']} in the environment says that this is one of several processes.",
                f"RANK, MASTER_ADDR and MASTER_PORT must be there too. Got none of {listed(missing)}.",
                "Start the script with torchrun, or unset WORLD_SIZE to train in one process.",
            )
        )
    return True


def _forked() -> None:
    """Remember that this is a worker of a rank, whose connections are not its own."""
    global _IN_A_WORKER
    _IN_A_WORKER = _IN_A_WORKER or (dist.is_available() and dist.is_initialized())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def time_limit() -> float:
    """Return the seconds that a rank waits for another one in the middle of training.

    Ten times as long where the other one may have work of its own. The variable SKGAN_TIMEOUT_SECONDS sets it.
    """
    return float(os.environ.get("SKGAN_TIMEOUT_SECONDS") or TIMEOUT)


def _store_of_environment(timeout: timedelta) -> Any:
    """Return where ranks find each other; one for all fits of a process, since its port is taken once."""
    if not _STORE:
        store, _, _ = next(dist.rendezvous("env://", timeout=timeout))
        _STORE.append(store)
    return _STORE[0]


def _plain(number: Any) -> Any:
    """Return a NumPy number as Python has it."""
    return number.item()


def _as_raised(name: str, words: str) -> Exception:
    """Return an error of rank 0 as the other ranks raise it."""
    kind = getattr(exceptions, name, None)
    if isinstance(kind, type) and issubclass(kind, SkganError):
        return kind(words)
    return RankError(sentence(f"Rank 0 failed with {name}: {words[:300].rstrip('. ')}.", "Mend that and start again."))


def _sorted(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    """Return tensors in the order of their names; a state that was loaded has them in any order."""
    return [tensors[name] for name in sorted(tensors)]


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Yield tensors of one type and device together, as many as are sent at once; the same on all ranks."""
    kinds: dict[tuple[str, str], list[Tensor]] = {}
    for tensor in tensors:
        kinds.setdefault((tensor.device.type, str(tensor.dtype)), []).append(tensor)
    for same in kinds.values():
        bucket: list[Tensor] = []
        for tensor in same:
            if bucket and sum(each.numel() for each in bucket) + tensor.numel() > _BUCKET:
                yield bucket
                bucket = []
            bucket.append(tensor)
        yield bucket
