"""A training that starts from the networks of another one: what fits is taken over, the rest starts anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from skgan.exceptions import IncompatibleComponentError
from skgan.validation import listed, sentence

if TYPE_CHECKING:
    from skgan.model import Model

#: share of the networks' numbers that must be taken over, or the saved model was meant for something else
LEAST = 0.5
_NETWORKS = ("generator.", "discriminator.", "average.")


@dataclass(frozen=True)
class Transfer:
    """Which tensors of the networks were taken over from a saved model.

    Attributes
    ----------
    copied : tuple of str
        Those with the same name and shape there.
    reshaped : tuple of str
        Those with the same name and another shape, which start anew; first layers and embeddings of labels, for
        other channels or another number of classes.
    new : tuple of str
        Those that the saved model does not have, which start anew.
    unused : tuple of str
        Those of the saved model that this one does not have.
    share : float
        Of all numbers in this training's networks, how many were taken over, in [0, 1].
    """

    copied: tuple[str, ...]
    reshaped: tuple[str, ...]
    new: tuple[str, ...]
    unused: tuple[str, ...]
    share: float

    def __str__(self) -> str:
        """Return a table, one line for each fate."""
        fates = ("copied", self.copied), ("other shape", self.reshaped), ("new", self.new), ("unused", self.unused)
        lines = [f"{fate:12} {len(names):4}  {listed(names, 3)}".rstrip() for fate, names in fates]
        return "\n".join([f"{self.share:.1%} of the networks' numbers taken over", *lines])


def saved_networks(path: str | os.PathLike[str], load: Callable[[Path], Any]) -> dict[str, np.ndarray]:
    """Return the tensors of a saved model's networks by name.

    Parameters
    ----------
    path : str or path
        Where `save` wrote it.
    load : callable
        Returns the fitted estimator in a directory.

    Raises
    ------
    FileNotFoundError
        When nothing is there.
    CheckpointError
        When that is no model that can be read.
    """
    if not os.path.lexists(path):
        raise FileNotFoundError(
            sentence(
                "The 'init_from' parameter of GANEstimator must be the directory of a saved model.",
                f"Got {str(path)[:200]!r}, where nothing is. Call save(path) of a fitted estimator, or leave it None.",
            )
        )
    arrays, _ = load(Path(path))._fitted_model().stored(copy=False)
    return {name: array for name, array in arrays.items() if name.startswith(_NETWORKS)}


def take_over(model: Model, arrays: dict[str, np.ndarray], path: str | os.PathLike[str]) -> Transfer:
    """Copy what has the same name and shape into the networks of a model that has not trained yet.

    Parameters
    ----------
    model : Model
        Its networks are built for it; optimizers are not touched.
    arrays : dict of str to array
        Of `saved_networks`.
    path : str or path
        Where they are from, for what is said.

    Returns
    -------
    Transfer
        What became of which tensor.

    Raises
    ------
    IncompatibleComponentError
        When less than half of the networks' numbers fit; then nothing was copied.
    """
    mine = {name: tensor for name, tensor in model.state.tensors().items() if name.startswith(_NETWORKS)}
    there = mine.keys() & arrays.keys()
    fitting = {name for name in there if mine[name].shape == arrays[name].shape}
    total = sum(tensor.numel() for tensor in mine.values())
    found = Transfer(
        copied=tuple(sorted(fitting)),
        reshaped=tuple(sorted(there - fitting)),
        new=tuple(sorted(mine.keys() - there)),
        unused=tuple(sorted(arrays.keys() - there)),
        share=sum(mine[name].numel() for name in fitting) / total,
    )
    if found.share < LEAST:
        raise IncompatibleComponentError(
            sentence(
                "The 'init_from' parameter of GANEstimator must be a model with networks like those of this training.",
                f"Got {str(path)[:120]!r}, of which {found.share:.0%} of the numbers fit by name and shape; without a",
                f"match are {listed([*found.reshaped, *found.new], 2)}.",
                "Use the architecture and sizes that it was trained with, or leave init_from=None.",
            )
        )
    with torch.no_grad():
        for name in fitting:
            mine[name].copy_(torch.from_numpy(arrays[name]))
    return found
