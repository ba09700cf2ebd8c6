"""Labels of a table's rows: what y is, and which values of the row are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from skgan.encoding.label_base import Labels

NOT_ASKED = -1


class TableLabels(Labels):
    """The label that y is, beside a condition: for each span of the row the code that is asked for, or -1.

    Values are float64, those of `of_y` first; what is kept is int32, the networks see the label of y and then every
    entry of every span, 1 where it is asked for.

    Parameters
    ----------
    of_y : Labels
        What y is.
    counts : list of array
        How often each category of each span was; none without conditions.
    always : bool
        Whether the networks are always told of one value.
    """

    conditional = True

    def __init__(self, of_y: Labels, counts: list[np.ndarray], always: bool):
        self.of_y = of_y
        self.counts = counts
        self.always = always
        self.widths = [len(each) for each in counts]
        self.condition_dim = sum(self.widths)
        self.shape = (of_y.dim + self.condition_dim,) if self.condition_dim else of_y.shape
        self.ndim = of_y.ndim
        self.n_values = int(of_y.dim > 0) if of_y.kind in ("none", "classes") else of_y.dim

    @property
    def kind(self) -> str:  # type: ignore[override]
        """What y is."""
        return self.of_y.kind

    def count(self, y: Any) -> int | None:
        """Return how many labels y holds."""
        return self.of_y.count(y)

    def repeated(self, y: Any, n: int) -> Any:
        """Return y as labels of n rows."""
        return self.of_y.repeated(y, n)

    def values(self, y: Any, n: int) -> np.ndarray:
        """Return the values of y, with nothing asked for."""
        return self.joined(self.of_y.values(y, n), np.full((n, len(self.widths)), NOT_ASKED))

    def joined(self, values: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return values of y and codes `(n, spans)` as one array."""
        own = values.reshape(len(values), -1)[:, : self.n_values].astype(np.float64)
        return np.concatenate([own, codes.astype(np.float64)], 1)

    def parts(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return values as those of y, the way it has them, and codes."""
        n, own = len(values), values[:, : self.n_values]
        codes = values[:, self.n_values :].astype(np.int32)
        if not self.n_values:
            return self.of_y.values(None, n), codes
        if self.of_y.kind == "classes":
            return own[:, 0].astype(np.int32), codes
        return own.astype(np.uint8 if self.of_y.kind == "multilabel" else np.float64), codes

    def encode(self, values: np.ndarray) -> Tensor:
        """Return what is kept, int32 `(n, values of y + spans)`."""
        of_y, codes = self.parts(values)
        return self.kept(self.of_y.encode(of_y), torch.from_numpy(codes))

    def kept(self, stored: Tensor, codes: Tensor) -> Tensor:
        """Return kept labels of y and codes as one tensor; only the codes where there are no labels."""
        if not self.n_values:
            return codes
        own = stored.view(torch.int32) if stored.dtype == torch.float32 else stored.to(torch.int32)
        return torch.cat([own.reshape(len(codes), -1), codes.to(torch.int32)], 1)

    def expand(self, stored: Tensor) -> Tensor:
        """Return labels `(n, *shape)`."""
        own = self._of_y(stored)
        if not self.condition_dim:
            return own
        codes = stored[:, self.n_values :]
        drawing = torch.is_inference_mode_enabled() and codes.device.type == "cpu"  # a step may not read a number
        if drawing and not (codes >= 0).any():
            return torch.cat([own, own.new_zeros(len(own), self.condition_dim)], 1)
        starts = torch.tensor([0, *np.cumsum(self.widths)[:-1].tolist()], device=stored.device)
        place = torch.where(codes >= 0, codes.long() + starts, self.condition_dim)
        asked = torch.zeros(len(stored), self.condition_dim + 1, device=stored.device).scatter_(1, place, 1.0)[:, :-1]
        return torch.cat([own, asked], 1) if own.shape[1] else asked

    def known(self, stored: Tensor) -> Tensor:
        """Return which rows have a label of y; where there is no y, all have."""
        if not self.n_values:
            return torch.ones(len(stored), dtype=torch.bool, device=stored.device)
        return self.of_y.known(self._stored_of_y(stored))

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return values of n labels; with one value asked for, by its frequency, where the networks always know one."""
        of_y = self.of_y.draw(n, rng)
        codes = np.full((n, len(self.widths)), NOT_ASKED)
        if self.always and self.widths:
            one = rng.random((n, 2))
            which = (one[:, 0] * len(self.widths)).astype(int)
            for span, counts in enumerate(self.counts):
                ends = np.cumsum(counts / counts.sum())
                mine = which == span
                codes[mine, span] = np.minimum(np.searchsorted(ends, one[mine, 1], side="right"), len(counts) - 1)
        return self.joined(of_y, codes)

    def restore(self, values: np.ndarray) -> Any:
        """Return the labels the way y came."""
        return self.of_y.restore(self.parts(values)[0])

    def mean(self) -> Tensor:
        """Return the label of no row in particular, with nothing asked for."""
        return self._nothing_asked(self.of_y.mean())

    def typical(self, rng: np.random.Generator) -> tuple[np.ndarray, Tensor]:
        """Return labels to average over and their weights, with nothing asked for."""
        weights, labels = self.of_y.typical(rng)
        return weights, self._nothing_asked(labels)

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return what y is; how often each category was is an array."""
        from skgan.encoding.labels import dump

        if self.widths:
            arrays["labels.counts"] = np.concatenate(self.counts).astype(np.int64)
        return {"of_y": dump(self.of_y, arrays), "widths": self.widths, "always": self.always}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> TableLabels:
        """Return the labels that `state` described."""
        from skgan.encoding.labels import load

        widths = config["widths"]
        counts: list[np.ndarray] = []
        if widths:
            every = arrays["labels.counts"]
            if every.shape != (sum(widths),) or every.dtype != np.int64 or (every < 0).any() or min(widths) < 1:
                raise ValueError("the categories do not fit how often they were")
            counts = np.split(every, np.cumsum(widths)[:-1])
            if any(each.sum() < 1 for each in counts):
                raise ValueError("a span has no category that ever was")
        return cls(load(config["of_y"], arrays), counts, bool(config["always"]))

    def _stored_of_y(self, stored: Tensor) -> Tensor:
        own = stored[:, : self.n_values].contiguous()
        if self.of_y.kind == "classes":
            return own[:, 0]
        return own.view(torch.float32) if self.of_y.kind == "continuous" else own.to(torch.uint8)

    def _of_y(self, stored: Tensor) -> Tensor:
        if not self.n_values:
            return torch.zeros(len(stored), 0, device=stored.device)
        return self.of_y.expand(self._stored_of_y(stored))

    def _nothing_asked(self, labels: Tensor) -> Tensor:
        return torch.cat([labels, labels.new_zeros(len(labels), self.condition_dim)], 1)
