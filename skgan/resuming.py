"""What a checkpoint of a running fit holds beside the model, and what must be the same to go on from it.

Settings are compared by name, data by a fingerprint, the machine by what changes the last bits: the first two
are refused when they differ, the last is said.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from skgan import checkpoint, reading
from skgan.checkpoint_dir import CheckpointDirectory, Entry, check_sequence, write_error
from skgan.distributed import Alone
from skgan.exceptions import CheckpointMismatchError, CheckpointNotFoundError, TrainingWarning
from skgan.history import History
from skgan.model import Model
from skgan.validation import as_array, sentence

if TYPE_CHECKING:
    from skgan.estimator import GANEstimator
    from skgan.training import TrainState

#: ticks between two checkpoints, where the user does not say
EVERY_TICKS = 10
#: rows, spread over the data, that its fingerprint looks at
LOOKED_AT = 64
_MOST_COUNTS = 100
Run = Mapping[str, Any]


class Keeper:
    """Writes the checkpoints of one fit.

    Parameters
    ----------
    directory : CheckpointDirectory
        Where to.
    estimator : GANEstimator
        Whose parameters and encoding they hold.
    every_ticks : int or None
        Ticks between two checkpoints.
    data : dict
        Fingerprint of the data.
    device : torch.device
        Where training runs.
    ranks : Alone
        Of which the first writes.
    """

    def __init__(
        self,
        directory: CheckpointDirectory,
        estimator: GANEstimator,
        every_ticks: int | None,
        data: dict[str, str],
        device: torch.device,
        ranks: Alone,
    ):
        self.directory = directory
        self.every_ticks = every_ticks or EVERY_TICKS
        self._estimator = estimator
        self._ranks = ranks
        self._run = {"data": data, "machine": machine(device)} | ({} if ranks.alone else {"ranks": ranks.size})

    def begins(self) -> bool:
        """Return whether nothing has been written yet."""
        return bool(self._ranks.first_does("the checkpoints that are there", lambda: not self.directory.entries()))

    def write(
        self,
        model: Model,
        history: History,
        tick: Mapping[str, Any],
        judged: tuple[Mapping[str, Any], Mapping[str, np.ndarray]] | None = None,
    ) -> None:
        """Write a checkpoint of `model` between two steps; rank 0 does, and all raise when it cannot.

        Parameters
        ----------
        model : Model
            What is being trained.
        history : History
            Of it, with the closing tick.
        tick : mapping
            ``ticks`` and ``columns`` of the history without a closing tick, and the ``means`` that it read.
        judged : tuple, optional
            What was seen of held-out rows so far, and the arrays of the best state.
        """
        record, best = judged or ({}, {})
        run = {**self._run, **tick, **({"judged": record} if record else {})}
        self._ranks.first_does("a checkpoint that is written", partial(self._write, model, history, run, best))

    def _write(self, model: Model, history: History, run: Run, best: Mapping[str, np.ndarray]) -> None:
        try:
            files = checkpoint.files_of(self._estimator, model, history, run, best)
            self.directory.write(model.step, type(self._estimator).__name__, files)
        except MemoryError as error:
            failure = OSError(12, "there is not enough memory to make it")
            raise write_error("checkpoint_dir", Path(self.directory.said), failure) from error


def take_over(
    directory: CheckpointDirectory, estimator: GANEstimator, X: Any, y: Any, device: torch.device, ranks: Alone
) -> tuple[GANEstimator, Run]:
    """Return the newest intact checkpoint as a fitted estimator, and the record of its run.

    Raises
    ------
    CheckpointMismatchError
        When settings or data are others than those it was trained with.
    CheckpointError
        When no checkpoint is intact.
    """
    data = fingerprint(X, y)
    read_so_far: dict[str, tuple[GANEstimator, Run]] = {}

    def read(entry: Entry) -> str:
        saved = reading.read(entry.path, type(estimator).__name__)
        check_sequence(entry, saved.manifest)
        if "run" not in saved.config:
            raise reading.corrupt(entry.path, "it is a saved model, not a checkpoint of a fit")
        _refuse_other_settings(entry, saved.config, estimator, ranks)
        _refuse_other_data(entry, saved.config["run"]["data"], data)
        found = checkpoint.load(type(estimator), entry.path)
        read_so_far[entry.path.name] = found, {**saved.config["run"], "best": found.__dict__.pop("_judged_")}
        return entry.path.name

    def newest() -> str:
        directory.acquire()
        return directory.newest(read)

    name = ranks.first_does("the newest intact checkpoint", newest)
    if not ranks.leads:
        read(_entry_of(directory, name))
    found, run = read_so_far[name]
    _warn_of_another_machine(run["machine"], machine(device))
    return found, run


def _entry_of(directory: CheckpointDirectory, name: str) -> Entry:
    """Return the checkpoint that rank 0 goes on from."""
    entry = next((entry for entry in directory.entries() if entry.path.name == name), None)
    if entry is None:
        raise CheckpointNotFoundError(
            sentence(
                f"checkpoint_dir must be one place for all ranks. Got {directory.said!r} without {name!r},",
                "which rank 0 goes on from.",
                "Give a directory that all machines see.",
            )
        )
    return entry


def give_back(run: Run, state: TrainState, history: History) -> None:
    """Make `history` and the means of `state` what they were before the closing tick that the checkpoint saw."""
    for name in list(history)[run["columns"] :]:
        del history[name]
    for values in history.values():
        del values[run["ticks"] :]
    for player in state.players:
        player.means.store(run["means"][player.name], player.parameters[0].device)


# --- what is compared -----------------------------------------------------------------------------


def fingerprint(X: Any, y: Any) -> dict[str, str]:
    """Return what tells this data from other data: shape, type, counts of labels, and a digest of some rows.

    Parameters
    ----------
    X : array-like, tensor or DataFrame of shape (n_samples, ...)
        As `fit` takes it.
    y : array-like of shape (n_samples, ...) or None
        As `fit` takes it.

    Returns
    -------
    dict of str to str
        By the words in which a difference is told.

    Examples
    --------
    >>> from skgan.resuming import fingerprint
    >>> fingerprint([[0.0], [1.0]], ["a", "b"])["shape"]
    '(2, 1)'
    """
    X, digest, counts = as_array(X), hashlib.sha256(), "none"
    chosen = np.unique(np.linspace(0, max(len(X) - 1, 0), LOOKED_AT).astype(int)) if X.ndim else np.array([], int)
    if X.ndim:
        _add(digest, X, chosen)
    if y is not None:
        y = np.asarray(as_array(y, "y") if hasattr(y, "detach") else y)
        _add(digest, np.atleast_1d(y), chosen[chosen < len(np.atleast_1d(y))])
        counts = f"of shape {tuple(y.shape)}"
        if y.ndim == 1:
            found = Counter(map(str, y.tolist()))
            counts = f"of {len(found)} kinds: {[found[name] for name in sorted(found)[:_MOST_COUNTS]]}"
    types = X.dtypes.astype(str).tolist() if hasattr(X, "dtypes") else [str(X.dtype)]
    return {
        "shape": str(tuple(X.shape)),
        "dtype": ", ".join(sorted(set(types))),
        "label counts": counts,
        "rows": digest.hexdigest(),
    }


def digest_of(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return a digest of tensors with their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def machine(device: torch.device) -> dict[str, str]:
    """Return what changes the last bits of a training and is no setting."""
    return {"threads": str(torch.get_num_threads()), "torch": str(torch.__version__), "device": device.type}


def _add(digest: Any, values: Any, chosen: np.ndarray) -> None:
    """Add some rows to a digest, as numbers where they are numbers."""
    rows = np.asarray(values.iloc[chosen] if hasattr(values, "iloc") else values[chosen])
    if rows.dtype.kind in "biuf":
        digest.update(np.ascontiguousarray(rows, np.float64).tobytes())
    else:
        digest.update("\0".join(map(str, rows.ravel().tolist())).encode("utf-8", "replace"))


def _refuse_other_settings(entry: Entry, config: Mapping[str, Any], estimator: GANEstimator, ranks: Alone) -> None:
    before, now = config["fitted"]["with"], estimator._structure()
    changed = [(name, before[name], now[name]) for name in before.keys() & now.keys() if before[name] != now[name]]
    seed = estimator._seed_asked_for()
    if seed is not None and seed != config["model"]["key"][0]:
        changed.append(("random_state", repr(config["params"].get("random_state")), repr(estimator.random_state)))
    if (before_ranks := config["run"].get("ranks", 1)) != ranks.size:
        changed.append(("number of ranks", str(before_ranks), str(ranks.size)))
    if changed:
        told = "; ".join(f"{name}: {old[:60]} → {new[:60]}" for name, old, new in sorted(changed)[:3])
        raise CheckpointMismatchError(
            sentence(
                f"Settings must be those of the checkpoint {entry.path.name!r} to go on from it.",
                f"{len(changed)} changed: {told}.",
                "Set them back, or give another checkpoint_dir to begin from the start.",
            )
        )


def _refuse_other_data(entry: Entry, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    names = [name for name in now if now[name] != before[name]]
    if names:
        told = [f"{name}: {before[name][:60]} → {now[name][:60]}" for name in names if name != "rows"]
        raise CheckpointMismatchError(
            sentence(
                f"X and y must be those of the checkpoint {entry.path.name!r} to go on from it.",
                f"Got other data: {'; '.join(told) or 'the values of some rows differ'}.",
                "Pass the same, or give another checkpoint_dir to begin from the start.",
            )
        )


def _warn_of_another_machine(before: Mapping[str, str], now: Mapping[str, str]) -> None:
    changed = [f"{name}: {before[name][:40]} → {now[name]}" for name in now if before[name] != now[name]]
    if changed:
        warnings.warn(
            sentence(
                f"Training goes on elsewhere than it began: {'; '.join(changed)}.",
                "It is correct, but not the same to the last bit as without a break.",
            ),
            TrainingWarning,
            stacklevel=2,
        )
