"""The networks that architectures and conditionings build."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from unittest import SkipTest

import torch
from torch import Tensor, nn

from skgan.exceptions import IncompatibleComponentError
from skgan.interfaces import Architecture, Component, Conditioning, Critique, DataSpec
from skgan.layers import Embedding
from skgan.seeding import global_generator
from skgan.testing._common import expect
from skgan.testing._parts import SPECS, small, specs_for
from skgan.testing._worlds import Smooth, codes_first, labels_of, normal

ROWS = 5


class Pair:
    """A generator and a discriminator for one kind of data, and what goes into them.

    Parameters
    ----------
    part : Architecture or Conditioning
        What is tried; the other one is skgan's.
    spec : DataSpec
        What it is tried on.
    dtype : torch.dtype, default=float32
        Of all numbers.
    seed : int, default=0
        Of the first weights.
    """

    def __init__(self, part: Component, spec: DataSpec, dtype: torch.dtype = torch.float32, seed: int = 0):
        conditioning = part if isinstance(part, Conditioning) else small("conditioning", "projection", spec=spec)
        architecture = part if isinstance(part, Architecture) else Smooth()
        self.spec = spec
        with global_generator(("kit", "networks", seed)):
            self.generator = architecture.generator(spec, conditioning).to(dtype)
            self.discriminator = architecture.discriminator(spec, conditioning).to(dtype)
        self.z = codes_first(spec, normal((1,), (ROWS, spec.latent_dim))).to(dtype)
        self.y = labels_of(spec, ROWS, dtype)
        self.x = normal((2,), (ROWS, *spec.shape), dtype).tanh()

    def networks(self) -> tuple[tuple[str, nn.Module, Tensor], ...]:
        """Return both networks by name, with what they look at beside labels."""
        return ("generator", self.generator, self.z), ("discriminator", self.discriminator, self.x)

    def settled(self) -> Pair:
        """Run a few training passes, so that running statistics are those of data, and go to evaluation."""
        for _, network, rows in self.networks():
            for _ in range(2):
                said(network.train(), rows, self.y)
            network.eval()
        return self

    def stirred(self) -> Pair:
        """Move every weight off its first value; a gate that starts at zero hides what is behind it."""
        with torch.no_grad():
            for _, network, _ in self.networks():
                for index, weight in enumerate(network.parameters()):
                    weight.add_(0.1 * normal((9, index), weight.shape, weight.dtype))
        return self


def said(network: nn.Module, rows: Tensor, y: Tensor) -> Tensor:
    """Return what a network says as one tensor `(n, values)`: samples, or logits and class logits."""
    with global_generator(("kit", "forward")):
        out = network(rows, y)
    if not isinstance(out, Critique):
        return out.flatten(1)
    parts = [out.logits.flatten(1) if out.logits.ndim > 1 else out.logits[:, None]]
    return torch.cat(parts if out.class_logits is None else [*parts, out.class_logits], 1)


def pairs(part: Component, most: int | None = None, dtype: torch.dtype = torch.float32) -> Iterator[Pair]:
    """Yield networks for each kind of data that the part goes with, or the first of each kind."""
    specs = [spec for spec in specs_for(part) if isinstance(part, Architecture) or spec.label_kind != "image"]
    built = 0
    for spec in specs if most is None else _one_of_each(specs)[:most]:
        try:
            pair = Pair(part, spec, dtype)
        except IncompatibleComponentError:
            continue  # it says why not, when it sees the shapes
        built += 1
        yield pair
    expect(built, "networks must be built for at least one kind of data that the tags allow; got none")


def _one_of_each(specs: list[DataSpec]) -> list[DataSpec]:
    first: dict[tuple[str, bool, bool], DataSpec] = {}
    for spec in specs:
        first.setdefault((spec.kind, bool(spec.columns), spec.label_dim > 0), spec)
    labelled = [spec for (_, _, has_labels), spec in first.items() if has_labels]
    return labelled + [spec for (_, _, has_labels), spec in first.items() if not has_labels]


def check_shapes_are_as_promised(part: Component) -> None:
    """Samples are `(n, *shape)`, logits `(n, *heads)`, features `(n, d)`, class logits `(n, K)`; n may be 1."""
    for pair in pairs(part):
        for n in (ROWS, 1):
            with torch.no_grad():
                x = pair.generator(pair.z[:n], pair.y[:n])
                critique = pair.discriminator(pair.x[:n], pair.y[:n])
            wanted = (n, *pair.spec.shape)
            expect(tuple(x.shape) == wanted, f"samples must have shape {wanted}; got {tuple(x.shape)}")
            expect(isinstance(critique, Critique), f"a discriminator must return a Critique, not {type(critique)}")
            logits, features, classes = critique
            expect(
                logits.ndim >= 1 and len(logits) == n, f"logits must be (n, *heads), n={n}; got {tuple(logits.shape)}"
            )
            flat = features.ndim == 2 and len(features) == n
            expect(flat, f"features must be (n, d), n={n}; got {tuple(features.shape)}")
            fits = classes is None or (classes.ndim == 2 and len(classes) == n)
            expect(
                fits, f"class logits must be (n, K) or None, n={n}; got {None if classes is None else classes.shape}"
            )


def check_bounded_samples_stay_in_range(part: Architecture) -> None:
    """Where the data lie in [-1, 1] samples do too, whatever the latents; elsewhere they may leave it."""
    for pair in pairs(part):
        if pair.spec.bounded:
            with torch.no_grad():
                x = pair.generator(100 * pair.z, pair.y)
            expect(x.abs().max() <= 1, f"samples of bounded data must lie in [-1, 1]; got {float(x.abs().max()):.4g}")


def check_rows_do_not_depend_on_their_batch(part: Component) -> None:
    """In evaluation a network says the same of a row in a batch as of the row alone, but for rounding."""
    for pair in pairs(part, 3, torch.float64):
        for name, network, rows in pair.settled().networks():
            with torch.no_grad():
                together = said(network, rows, pair.y)
                alone = torch.cat([said(network, rows[i : i + 1], pair.y[i : i + 1]) for i in range(ROWS)])
            apart = float((together - alone).abs().max())
            expect(
                apart < 1e-8,
                f"rows of the {name} must not depend on their batch in evaluation; they move by {apart:.3g}",
            )


def check_batch_statistics_are_tagged(part: Architecture) -> None:
    """In training a logit depends on its own sample only, unless the tag ``batch_statistics`` says otherwise."""
    if part.tags().batch_statistics:
        return
    for pair in pairs(part, 2, torch.float64):
        network = pair.stirred().discriminator.train()
        with torch.no_grad():
            said(network, pair.x, pair.y)
            before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
            together = said(network, pair.x, pair.y)[:1]
            network.load_state_dict(before)
            pair.x[1:] = pair.x[1:].flip(0) + 1.0
            among_others = said(network, pair.x, pair.y)[:1]
        apart = float((together - among_others).abs().max())
        expect(apart < 1e-8, f"the logit of a sample must not depend on the others; it moves by {apart:.3g}")


def check_labels_change_what_is_said(part: Component) -> None:
    """With labels, another label gives another sample, and another logit or class logits to learn it by."""
    for pair in pairs(part, dtype=torch.float64):
        if not pair.spec.label_dim:
            continue
        other = pair.y.roll(1, 0) + (0 if pair.spec.label_kind == "classes" else 0.5)
        for name, network, rows in pair.settled().stirred().networks():
            with torch.no_grad(), global_generator(("kit", "forward")):
                critique = network(rows, pair.y)
            by_classes = isinstance(critique, Critique) and critique.class_logits is not None
            with torch.no_grad():
                same = torch.equal(said(network, rows, pair.y), said(network, rows, other))
            expect(by_classes or not same, f"another label must change what the {name} says; it changes nothing")


def check_gradient_reaches_every_weight(part: Component) -> None:
    """Every weight of both networks gets a gradient from samples, and from logits or class logits."""
    for pair in pairs(part, 3):
        for name, network, rows in pair.stirred().networks():
            total = (said(network.train(), rows, pair.y) * normal((4,), (1,), rows.dtype)).square().sum()
            weights = dict(network.named_parameters())
            gradients = torch.autograd.grad(total, list(weights.values()), allow_unused=True)
            idle = [key for key, each in zip(weights, gradients, strict=True) if each is None or not each.any()]
            expect(not idle, f"a gradient must reach every weight of the {name}; it does not reach {idle[:3]}")


def check_double_backward_is_what_the_tag_says(part: Component) -> None:
    """The gradient of the logits to the samples can be differentiated again, and correctly, by differences."""
    if not part.tags().double_backward:
        raise SkipTest("its tags say that it has no double backward")
    for pair in pairs(part, 2, torch.float64):
        network, x = pair.stirred().discriminator.eval(), pair.x.requires_grad_()
        weights = list(network.parameters())

        def slope(network: nn.Module = network, x: Tensor = x, y: Tensor = pair.y) -> Tensor:
            logits = network(x, y).logits
            gradient = torch.autograd.grad(logits.sum(), x, create_graph=True)[0]
            expect(gradient.requires_grad, "the second derivative of the logits must exist; it is cut off")
            return gradient.square().sum()

        gradients = torch.autograd.grad(slope(), weights, allow_unused=True)
        direction = [normal((6, index), weight.shape) for index, weight in enumerate(weights)]
        got = sum(float((g * d).sum()) for g, d in zip(gradients, direction, strict=True) if g is not None)
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                for weight, way in zip(weights, direction, strict=True):
                    weight.add_((sign if sign > 0 else 2 * sign) * 1e-6 * way)
            values.append(float(slope().detach()))
        expected = (values[0] - values[1]) / 2e-6
        near = abs(got - expected) <= 1e-3 * max(abs(got), abs(expected)) + 1e-6
        expect(near, f"the second derivative along a direction must be {expected:.6g}; got {got:.6g}")


def check_networks_keep_the_dtype(part: Component) -> None:
    """Networks made float64 say float64."""
    for pair in pairs(part, 2, torch.float64):
        for name, network, rows in pair.networks():
            out = said(network, rows, pair.y)
            expect(out.dtype == torch.float64, f"the {name} must keep float64; it says {out.dtype}")


def check_weights_follow_from_the_seed(part: Component) -> None:
    """Built twice under one seed the networks are equal, and one takes over the other's ``state_dict``."""
    for pair in pairs(part, 2):
        twin, other = Pair(part, pair.spec), Pair(part, pair.spec, seed=1)
        triples = zip(pair.networks(), twin.networks(), other.networks(), strict=True)
        for (name, network, rows), (_, same, _), (_, loaded, _) in triples:
            expected = said(network.eval(), rows, pair.y)
            equal = torch.equal(expected, said(same.eval(), rows, pair.y))
            expect(equal, f"the {name} must follow from torch's global seed, which building is lent")
            loaded.load_state_dict(network.state_dict())
            equal = torch.equal(expected, said(loaded.eval(), rows, pair.y))
            expect(
                equal, f"a {name} that takes over the state_dict of another must say the same: is all of it in there?"
            )


def check_no_state_outside_the_networks(part: Component) -> None:
    """Building and running networks leaves the part as it is."""
    before = dict(vars(part))
    for pair in pairs(part, 1):
        pair.settled()
    changed = sorted(name for name, value in vars(part).items() if before.get(name, vars(part)) is not value)
    expect(not changed, f"the attributes {changed} must not change: a checkpoint cannot know them")


def check_embedding_knows_its_width(part: Conditioning) -> None:
    """`embed` gives `(n, out_features)`; without labels it is `(n, 0)`-wide or without parameters."""
    for spec in specs_for(part):
        if spec.label_kind == "image":
            continue
        with global_generator(("kit", "embed")):
            embed = part.embed(spec)
        expect(
            isinstance(embed, Embedding), f"embed() must return a skgan.layers.Embedding, not {type(embed).__name__}"
        )
        e = embed(labels_of(spec, ROWS, torch.float32))
        wanted = (ROWS, embed.out_features)
        expect(tuple(e.shape) == wanted, f"embedded labels must be (n, out_features) = {wanted}; got {tuple(e.shape)}")
        count = sum(weight.numel() for weight in embed.parameters())
        expect(spec.label_dim or not count, f"embed() must build no parameters without labels; got {count}")


def check_head_builds_nothing_for_labels_that_are_not_there(part: Conditioning) -> None:
    """Without labels `head` has the weights of a linear logit at most, and with labels a logit for each row."""
    with global_generator(("kit", "head")):
        head = part.head(4, SPECS["vectors"])
    count = sum(weight.numel() for weight in head.parameters())
    expect(
        count <= 5, f"head(4, spec) must have at most 5 weights without labels, those of a linear logit; got {count}"
    )


def check_modulation_keeps_the_shape(part: Conditioning) -> None:
    """`modulation` takes `(n, channels, ...)` of any number of dimensions, a batch of one and a 1 x 1 grid too."""
    for spec in specs_for(part):
        if spec.label_kind == "image":
            continue
        with global_generator(("kit", "modulation")):
            embed, layer = part.embed(spec), part.modulation(4, spec)
        for n, grid in ((ROWS, ()), (ROWS, (3,)), (ROWS, (5, 2)), (2, (2, 3, 2)), (1, (1, 1))):
            h = normal((1,), (n, 4, *grid), torch.float32)
            out = layer(h, embed(labels_of(spec, n, torch.float32)))
            expect(out.shape == h.shape, f"modulation must keep shape {tuple(h.shape)}; got {tuple(out.shape)}")
            expect(torch.isfinite(out).all(), f"modulation must be finite for shape {tuple(h.shape)}")


def check_it_works_for_other_sizes(part: Architecture) -> None:
    """One value, one row, odd grids: any size works, or is refused with `IncompatibleComponentError`."""
    shapes: dict[str, list[tuple[int, ...]]] = {
        "vector": [(1,)],
        "image": [(1, 1, 8), (2, 9, 5)],
        "signal": [(1, 7)],
        "volume": [(1, 3, 4, 5)],
    }
    done: set[tuple[int, ...]] = set()
    for spec in specs_for(part):
        for shape in shapes[spec.kind]:
            if shape in done or spec.label_kind == "image" or (part.tags().square and shape[1:] == (1, 8)):
                continue
            done.add(shape)
            try:
                pair = Pair(part, replace(spec, shape=shape))
            except IncompatibleComponentError:
                continue
            with torch.no_grad():
                x, critique = pair.generator(pair.z, pair.y), pair.discriminator(pair.x, pair.y)
            expect(tuple(x.shape) == (ROWS, *shape), f"samples must have shape {shape}; got {tuple(x.shape[1:])}")
            expect(torch.isfinite(critique.logits).all(), f"logits of samples of shape {shape} must be finite")
