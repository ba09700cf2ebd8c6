"""Which way a loss pulls, and what it says of itself."""

from __future__ import annotations

from itertools import pairwise

import torch

from skgan.interfaces import Loss
from skgan.objective import mean
from skgan.resolution import component
from skgan.testing._common import expect
from skgan.testing._parts import SPECS
from skgan.testing._worlds import linear_world, normal, term_of

PLAYERS = ("discriminator", "generator")
DEFAULTS = {"regularizers", "n_critic", "optimizer", "learning_rate", "discriminator_learning_rate", "architecture"}


def _value(part: Loss, player: str, real: torch.Tensor, fake: torch.Tensor) -> float:
    world = linear_world(part, real[:, None], fake[:, None])
    value = world.value(player)
    assert value is not None
    return float(value)


def check_generator_loss_falls_as_fakes_look_more_real(part: Loss) -> None:
    """The generator's loss gets smaller when the logits of fakes rise towards those of real samples."""
    real = torch.full((8,), 0.5, dtype=torch.float64)
    levels = [_value(part, "generator", real, real + gap) for gap in torch.linspace(-1.5, 0, 7).tolist()]
    expect(
        all(later < earlier for earlier, later in pairwise(levels)),
        f"the generator's loss must fall as fakes look more real; it goes from {levels[0]:.4g} to {levels[-1]:.4g}",
    )


def check_discriminator_loss_falls_as_real_and_fake_part(part: Loss) -> None:
    """The discriminator's loss gets smaller when real logits rise and fake ones fall, from the wrong order on."""
    zero = torch.zeros(8, dtype=torch.float64)
    gaps = torch.linspace(-0.4, 0.4, 7).tolist()
    levels = [_value(part, "discriminator", zero + gap, zero - gap) for gap in gaps]
    expect(
        levels[-1] < levels[0] - 1e-9 and all(later <= earlier + 1e-9 for earlier, later in pairwise(levels)),
        "the discriminator's loss must fall as logits of real samples rise above those of fakes;"
        f" it goes from {levels[0]:.4g} to {levels[-1]:.4g}",
    )


def check_pairing_is_what_the_tag_says(part: Loss) -> None:
    """With the tag ``pairing`` it matters which fake meets which real sample."""
    if not part.tags().pairing:
        return
    real, fake = normal((1,), (8,)), normal((2,), (8,))
    straight, rolled = (_value(part, "discriminator", real, other) for other in (fake, fake.roll(1)))
    expect(abs(straight - rolled) > 1e-9, "Tags(pairing=True) must be left out: fakes in another order change nothing")


def check_extreme_logits_are_survived(part: Loss) -> None:
    """Logits up to 10,000 in float32 give finite values and gradients."""
    sizes = torch.tensor([0.0, 1e-3, 1.0, 19.0, 21.0, 80.0, 104.0, 1e3, 1e4])
    levels = torch.cat([sizes, -sizes])
    real, fake = (axis.flatten() for axis in torch.meshgrid(levels, levels, indexing="ij"))
    for player in PLAYERS:
        world = linear_world(part, real[:, None], fake[:, None])
        for weight in world.trained("generator"):
            weight.requires_grad_()
        batch = world.batch(player)
        value = term_of(part, batch)
        assert value is not None
        expect(torch.isfinite(value).all(), f"the {player}'s loss must be finite for logits up to 10,000")
        gradients = torch.autograd.grad(mean(value), world.trained(player), allow_unused=True)
        finite = all(each is None or bool(torch.isfinite(each).all()) for each in gradients)
        expect(finite, f"the {player}'s gradient must be finite for logits up to 10,000")


def check_several_heads_are_several_losses(part: Loss) -> None:
    """Logits `(n, *heads)` give the loss of each head, shaped like them."""
    real, fake = normal((1,), (6, 1)), normal((2,), (6, 1))
    for player in PLAYERS:
        single = linear_world(part, real, fake).wanted(player)
        value = linear_world(part, real, fake, heads=(2, 3)).wanted(player)
        if part.tags().whole_batch:
            expect(value.shape == (), f"a loss of the whole batch must be a scalar; got shape {tuple(value.shape)}")
            continue
        expect(
            value.shape == (6, 2, 3), f"the loss of logits (6, 2, 3) must have their shape, not {tuple(value.shape)}"
        )
        same = torch.allclose(value, single[:, None, None].expand(6, 2, 3), rtol=1e-12, atol=1e-12)
        expect(same, f"the {player}'s loss of equal heads must be that of one head, for each")


def check_defaults_name_what_can_be_built(part: Loss) -> None:
    """`defaults` holds known keys, parts that exist with the parameters they have, and positive numbers."""
    for spec in SPECS.values():
        defaults = part.defaults(spec)
        unknown = sorted(defaults.keys() - DEFAULTS)
        expect(not unknown, f"defaults() must hold keys of {sorted(DEFAULTS)}; got {unknown}")
        named = [("regularizer", value) for value in defaults.get("regularizers", [])]
        named += [(kind, defaults[kind]) for kind in ("optimizer", "architecture") if kind in defaults]
        for kind, value in named:
            name, params = value if isinstance(value, tuple) else (value, {})
            component(kind, name, params=params)
        numbers = [value for key, value in defaults.items() if key.endswith("learning_rate") or key == "n_critic"]
        expect(all(value > 0 for value in numbers), f"learning rates and n_critic must be above 0; got {numbers}")


def check_watched_figures_are_numbers(part: Loss) -> None:
    """`watch` returns finite scalars by name."""
    world = linear_world(part, normal((1,), (6, 1)), normal((2,), (6, 1)))
    for name, value in part.watch(world.batch("discriminator")).items():
        expect(
            isinstance(name, str) and isinstance(value, torch.Tensor) and value.shape == () and value.isfinite(),
            f"watch() must return finite scalar tensors by name; {name!r} is none",
        )
