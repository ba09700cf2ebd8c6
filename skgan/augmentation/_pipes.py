"""The changes that adaptive augmentation is made of, each done to a row with probability p."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from skgan.augmentation._images import cut, only
from skgan.layers.transforms import Draws, interpolated, moved, reflected, rowwise

#: name -> its stages, in the order in which they are done
PIPES = {
    "blit": ("blit",),
    "geom": ("geom",),
    "color": ("color",),
    "filter": ("filter",),
    "noise": ("noise",),
    "cutout": ("cutout",),
    "bg": ("blit", "geom"),
    "bgc": ("blit", "geom", "color"),
    "bgcf": ("blit", "geom", "color", "filter"),
    "bgcfn": ("blit", "geom", "color", "filter", "noise"),
    "bgcfnc": ("blit", "geom", "color", "filter", "noise", "cutout"),
}

#: share of the power of natural images in each band, the coarsest first
_POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)


def changed(x: Tensor, rng: torch.Generator, p: Tensor, pipe: str) -> Tensor:
    """Return images `(n, c, h, w)` that went through a pipe, each change with probability `p`, a scalar."""
    stages: dict[str, Callable[[Tensor, Draws, Tensor], Tensor]] = {
        "blit": _blit,
        "geom": _geometry,
        "color": _colour,
        "filter": _filter,
        "noise": _noise,
        "cutout": _cutout,
    }
    draws = Draws(x, rng)
    for stage in PIPES[pipe]:
        x = stages[stage](x, draws, p)
    return x


def _blit(x: Tensor, draws: Draws, p: Tensor) -> Tensor:
    """Pixels to other places, unchanged: flips, quarter turns, whole shifts."""
    mirrored = draws.happens(p) & draws.happens(0.5)
    x = only(mirrored, x.flip(-1), x)
    turns = draws.integers(0, 3) * draws.happens(p)
    x = quarter_turned(x, turns)
    moves = draws.happens(p)
    by = [(draws.uniform(-0.125, 0.125) * length).round().long() * moves for length in x.shape[2:]]
    return moved(x, torch.stack(by, 1))


def quarter_turned(x: Tensor, turns: Tensor) -> Tensor:
    """Return images turned by 0 to 3 quarters; images that are not square by 0 or 2."""
    if x.shape[2] != x.shape[3]:
        return only(turns % 2 == 1, x.flip(-2, -1), x)
    x = only(turns >= 2, x.flip(-2, -1), x)
    return only(turns % 2 == 1, x.transpose(-2, -1).flip(-2), x)


def _geometry(x: Tensor, draws: Draws, p: Tensor) -> Tensor:
    """Scale, turn, stretch, turn and shift, as one reading between the pixels."""
    height, width = x.shape[2:]
    turning = 1 - (1 - p).clamp_min(0.0).sqrt()  # either turn with this probability, one of them with p
    scales, before, stretches, after, moves = (draws.happens(q) for q in (p, turning, p, turning, p))
    scale = torch.where(scales, draws.normal(0.2), 0.0).exp2()
    stretch = torch.where(stretches, draws.normal(0.2), 0.0).exp2()
    first = torch.where(before, draws.uniform(-math.pi, math.pi), 0.0)
    second = torch.where(after, draws.uniform(-math.pi, math.pi), 0.0)
    down = torch.where(moves, draws.normal(0.125), 0.0) * height
    right = torch.where(moves, draws.normal(0.125), 0.0) * width

    # Of each pixel of the result: where it comes from, step by step backwards, from the image's centre.
    rows = torch.arange(height, device=x.device, dtype=x.dtype)[:, None] - (height - 1) / 2
    columns = torch.arange(width, device=x.device, dtype=x.dtype)[None, :] - (width - 1) / 2
    rows, columns = (rows - down[:, None, None], columns - right[:, None, None])
    rows, columns = _turned(rows, columns, -second)
    rows, columns = (rows * stretch[:, None, None], columns / stretch[:, None, None])
    rows, columns = _turned(rows, columns, -first)
    rows, columns = (rows / scale[:, None, None], columns / scale[:, None, None])

    read = interpolated(x, rows + (height - 1) / 2, columns + (width - 1) / 2)
    return only(scales | before | stretches | after | moves, read, x)


def _turned(rows: Tensor, columns: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    return cosine * rows - sine * columns, sine * rows + cosine * columns


def _colour(x: Tensor, draws: Draws, p: Tensor) -> Tensor:
    """Brightness and contrast; of grey and colour images the luma flip, of colour images hue and saturation."""
    channels = x.shape[1]
    brightens, contrasts, flips, hues, saturates = (draws.happens(p) for _ in range(5))
    bright = torch.where(brightens, draws.normal(0.2), 0.0)
    contrast = torch.where(contrasts, draws.normal(0.5), 0.0).exp2()
    flips = flips & draws.happens(0.5)
    angle = torch.where(hues, draws.uniform(-math.pi, math.pi), 0.0)
    saturation = torch.where(saturates, draws.normal(1.0), 0.0).exp2()

    one = torch.eye(channels, device=x.device, dtype=x.dtype)
    matrix = contrast[:, None, None] * one
    offset = (contrast * bright)[:, None].expand(-1, channels)
    chosen = brightens | contrasts
    if channels in (1, 3):
        grey = torch.full((channels, channels), 1 / channels, device=x.device, dtype=x.dtype)
        luma = one - 2 * grey * flips[:, None, None]
        matrix, offset, chosen = luma @ matrix, (luma @ offset[:, :, None])[:, :, 0], chosen | flips
    if channels == 3:
        hue = _about_the_grey_axis(angle, one, grey)
        rich = grey + (one - grey) * saturation[:, None, None]
        matrix, offset, chosen = (
            rich @ hue @ matrix,
            (rich @ hue @ offset[:, :, None])[:, :, 0],
            chosen | hues | saturates,
        )
    return only(chosen, torch.baddbmm(offset[:, :, None], matrix, x.flatten(2)).reshape(x.shape), x)


def _about_the_grey_axis(angle: Tensor, one: Tensor, grey: Tensor) -> Tensor:
    """Return rotations `(n, 3, 3)` of colours about the axis from black to white."""
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    cross = (one.roll(1, 0) - one.roll(1, 1)) / math.sqrt(3)
    return grey + (one - grey) * cosine + cross * sine


def _filter(x: Tensor, draws: Draws, p: Tensor) -> Tensor:
    """Four bands of frequencies, from coarse to fine, each louder or softer."""
    gains, chosen = x.new_ones(len(x), 4), []
    power = torch.tensor(_POWER, device=x.device, dtype=x.dtype)
    for band in range(4):
        chosen.append(draws.happens(p))
        louder = torch.where(chosen[-1], draws.normal(1.0), 0.0).exp2()
        of_bands = torch.where(torch.arange(4, device=x.device) == band, louder[:, None], 1.0)
        gains = gains * of_bands / (power * of_bands.square()).sum(1, keepdim=True).sqrt()
    result = torch.zeros_like(x)
    for gain, part in zip(gains.unbind(1), bands(x), strict=True):
        result = result + rowwise(gain, x) * part
    return only(torch.stack(chosen).any(0), result, x)


def bands(x: Tensor) -> list[Tensor]:
    """Return four images that sum to x, the coarsest first: differences of ever wider blurs."""
    blurred = [x]
    for distance in (1, 2, 4):
        blurred.append(_blurred(blurred[-1], distance))
    fine, middle, coarse, rest = blurred
    return [rest, coarse - rest, middle - coarse, fine - middle]


def _blurred(x: Tensor, distance: int) -> Tensor:
    for axis in (2, 3):
        places = torch.arange(x.shape[axis], device=x.device)
        before, after = (
            x.index_select(axis, reflected(places + step, x.shape[axis])) for step in (-distance, distance)
        )
        x = (before + 2 * x + after) / 4
    return x


def _noise(x: Tensor, draws: Draws, p: Tensor) -> Tensor:
    """Normal noise whose strength is itself half normal."""
    chosen, spread = draws.happens(p), draws.normal(0.1).abs()
    noise = torch.randn(x.shape, generator=draws.rng, device=x.device, dtype=x.dtype)
    return x + rowwise(torch.where(chosen, spread, 0.0), x) * noise


def _cutout(x: Tensor, draws: Draws, p: Tensor) -> Tensor:
    """A box of half the height and width set to zero."""
    return only(draws.happens(p), cut(x, draws), x)
