"""What a generator of tables ends in: numbers between -1 and 1, and spans of which one entry is 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from skgan.layers.chance import drawing, gumbel
from skgan.layers.joined import Marks


class Spans(nn.Module):
    r"""A sample of a table from raw values: tanh on the numbers, a Gumbel-softmax on each span.

    .. math:: p = \mathrm{softmax}\left(\frac{l + g}{\tau}\right), \qquad g = -\log(-\log u),\; u \sim \mathrm{U}(0, 1)

    In evaluation, and with `hard` in training too, the largest entry of a span is 1 and the others are 0; then the
    gradient is that of p. In evaluation there is noise only where samples are drawn (`drawing_from`). Asked values are
    written into the spans they belong to. A column's numbers are 0 beside an entry that stands alone.

    Parameters
    ----------
    columns : sequence of (int, int, int)
        Numbers, width of the span, and entries that stand alone of each column; all numbers come before all spans.
    temperature : float
        The temperature :math:`\tau`.
    hard : bool
        Whether samples in training are decided.

    References
    ----------
    .. [1] Jang, Gu, Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017.
    """

    owner: Tensor
    starts: Tensor
    back: Tensor
    silences: Tensor

    def __init__(self, columns: Sequence[tuple[int, int, int]], temperature: float, hard: bool):
        super().__init__()
        self.numbers = sum(numbers for numbers, _, _ in columns)
        self.widths = [width for _, width, _ in columns if width]
        self.silent = any(alone for _, _, alone in columns)
        self._silenced = _silenced(columns)
        self.temperature = temperature
        self.hard = hard
        #: the raw values of the spans in the last call and what it returned, for terms that need logits
        self.logits, self.sample = torch.empty(0), torch.empty(0)
        self._lay_out()
        self.register_buffer("silences", _silences(columns), persistent=False)

    def __getstate__(self) -> dict[str, Any]:
        # What the last call left belongs to its graph.
        return {**self.__dict__, "logits": torch.empty(0), "sample": torch.empty(0)}

    def forward(self, raw: Tensor, asked: Tensor | None = None) -> Tensor:
        """Return samples `(n, numbers + widths)` for raw values of that shape.

        Parameters
        ----------
        raw : Tensor
            Numbers, then spans.
        asked : Tensor, optional
            Spans `(n, widths)` with one 1 where a value is asked for, 0 elsewhere.
        """
        numbers, logits = raw[:, : self.numbers].tanh(), raw[:, self.numbers :]
        if not self.widths:
            return numbers
        noisy = logits + gumbel(logits.detach()) if self.training or drawing() else logits
        spans = self._decided(noisy / self.temperature)
        if asked is not None:
            given = asked.new_zeros(len(asked), len(self.widths)).index_add_(1, self.owner, asked)[:, self.owner]
            spans = asked + (1 - given) * spans
        if self.silent:
            numbers = numbers * (1 - spans @ self.silences)
        sample = torch.cat([numbers, spans], 1)
        if self.training:
            self.logits, self.sample = logits, sample
        return sample

    def decided(self, raw: Tensor, asked: Marks | None = None) -> Tensor:
        """Return samples in evaluation with the place of the 1 instead of each span, `(n, numbers + spans)` float32.

        Parameters
        ----------
        raw : Tensor
            As for `forward`.
        asked : Marks, optional
            Where the 1 of `forward`'s are.
        """
        numbers, logits = raw[:, : self.numbers].tanh().float(), raw[:, self.numbers :]
        if not self.widths:
            return numbers
        noisy = gumbel(logits).add_(logits) if drawing() else logits
        codes = torch.stack([span.argmax(1) for span in noisy.split(self.widths, 1)], 1)
        if asked is not None and len(asked.rows):
            owner = self.owner[asked.columns]
            codes[asked.rows, owner] = asked.columns - self.starts[owner]
        for numbers_of, span, alone in self._silenced:
            numbers[:, numbers_of] *= codes[:, span, None] >= alone
        return torch.cat([numbers, codes.float()], 1)

    def surprise(self) -> Tensor:
        """Return minus the logarithm of each entry's probability in the last call, before noise, `(n, widths)`."""
        owner = self.owner.expand(len(self.logits), -1)
        top = self.logits.new_full((len(self.logits), len(self.widths)), -torch.inf)
        top = top.scatter_reduce(1, owner, self.logits.detach(), "amax")
        shifted = self.logits - top.gather(1, owner)
        total = torch.zeros_like(top).scatter_add(1, owner, shifted.exp())
        return total.log().gather(1, owner) - shifted

    def _decided(self, noisy: Tensor) -> Tensor:
        pieces = []
        for chosen in self._side_by_side(noisy):
            soft = chosen.softmax(2) if self.training or chosen.requires_grad else chosen
            if self.hard or not self.training:
                largest = torch.zeros_like(soft).scatter_(2, soft.argmax(2, keepdim=True), 1.0)
                soft = largest + (soft - soft.detach()) if soft.requires_grad else largest
            pieces.append(soft.flatten(1))
        return torch.cat(pieces, 1).index_select(1, self.back)

    def _side_by_side(self, noisy: Tensor) -> list[Tensor]:
        """Return the entries of spans of similar widths, `(n, spans, width)` each, the narrower ones filled up."""
        padded = torch.cat([noisy, noisy.new_full((len(noisy), 1), -torch.inf)], 1)
        buckets = [getattr(self, f"bucket_{bucket}") for bucket in range(len(self._bucket_widths))]
        return [
            padded.index_select(1, bucket).unflatten(1, (-1, width))
            for bucket, width in zip(buckets, self._bucket_widths, strict=True)
        ]

    def _lay_out(self) -> None:
        """Put spans of similar widths side by side, so that a few calls serve all of them."""
        total = sum(self.widths)
        owner = [span for span, width in enumerate(self.widths) for _ in range(width)]
        self.register_buffer("owner", torch.tensor(owner, dtype=torch.long), persistent=False)
        starts = [sum(self.widths[:span]) for span in range(len(self.widths))]
        self.register_buffer("starts", torch.tensor(starts, dtype=torch.long), persistent=False)
        back, place = [0] * total, 0
        self._bucket_widths: list[int] = []
        sizes = [(width - 1).bit_length() for width in self.widths]
        for size in sorted(set(sizes)):
            members = [span for span, own in enumerate(sizes) if own == size]
            width = max(self.widths[span] for span in members)
            index = []
            for span in members:
                own = self.widths[span]
                index += [*range(starts[span], starts[span] + own), *[total] * (width - own)]
                for entry in range(own):
                    back[starts[span] + entry] = place + entry
                place += width
            self.register_buffer(f"bucket_{len(self._bucket_widths)}", torch.tensor(index), persistent=False)
            self._bucket_widths.append(width)
        self.register_buffer("back", torch.tensor(back, dtype=torch.long), persistent=False)


def _silences(columns: Sequence[tuple[int, int, int]]) -> Tensor:
    """Return which entry of the spans makes which number 0, `(widths, numbers)`."""
    silences = torch.zeros(sum(width for _, width, _ in columns), sum(numbers for numbers, _, _ in columns))
    first, entry = 0, 0
    for numbers, width, alone in columns:
        silences[entry : entry + alone, first : first + numbers] = 1
        first, entry = first + numbers, entry + width
    return silences


def _silenced(columns: Sequence[tuple[int, int, int]]) -> list[tuple[slice, int, int]]:
    """Return numbers, their span, and below which entry of it they are 0, for the columns that have such entries."""
    found, first, span = [], 0, 0
    for numbers, width, alone in columns:
        if numbers and alone:
            found.append((slice(first, first + numbers), span, alone))
        first, span = first + numbers, span + bool(width)
    return found
