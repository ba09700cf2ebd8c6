"""Parts that are not skgan's own are tried once before the first step, so that one that breaks its word is named.

Networks are built on torch's meta device, then both turns of the first batch are computed with them and thrown
away: nothing that training starts from is changed. Parts of skgan pass the conformance kit and are not tried.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from skgan import plugins
from skgan.declarations import breach, expect, is_foreign, whose
from skgan.ensemble import Ensemble
from skgan.exceptions import PluginError, SkganError
from skgan.interfaces import (
    Architecture,
    Component,
    Conditioning,
    Critique,
    DataSpec,
    Metric,
    Optimizer,
)
from skgan.memory import is_out_of_memory
from skgan.objective import Batch, Objective, mean
from skgan.seeding import global_generator
from skgan.validation import listed, sentence

if TYPE_CHECKING:
    from skgan.data import Dataset, Rows
    from skgan.model import Model
    from skgan.training import Player, TrainState


#: rows looked at where it is still to be found out how many fit into memory
FEW = 8


def build(model: Model) -> None:
    """Refuse foreign parts whose networks, tensors or optimizer are not what the interface says; builds nothing.

    Parameters
    ----------
    model : Model
        Parts and data; its networks need not be there.

    Raises
    ------
    PluginError
        With the part, what it must return and what it returned.
    """
    parts, spec = model.parts, model.spec
    with global_generator((*model.key, "rehearsal")):
        with torch.device("meta"):
            if is_foreign(parts.conditioning):
                _try_conditioning(parts.conditioning, spec)
            if is_foreign(parts.architecture):
                _try_architecture(parts.architecture, parts.conditioning, spec)
            for part in filter(is_foreign, parts.names()):
                _try_declarations(part, spec)
        if is_foreign(parts.optimizer):
            _try_optimizer(parts.optimizer)


def play(model: Model, objective: Objective, data: Dataset, micro_batch: int | str | None = None) -> None:
    """Compute both turns of the next batch and throw them away; refuse foreign parts that break their word.

    Parameters
    ----------
    model : Model
        With its networks.
    objective : Objective
        What its players minimise.
    data : Dataset
        On what.
    micro_batch : int, "auto" or None
        Rows that are looked at are at most so many, few where that is not known yet.

    Raises
    ------
    PluginError
        With the part, what it must return and what it returned.
    """
    parts = (model.parts.architecture, *model.parts.names())
    if not any(map(is_foreign, parts)):
        return
    state = model.state
    number = state.step * (objective.n_critic + 1)
    with _thrown_away(state), global_generator((*objective.key, "rehearsal"), data.device):
        try:
            most = data.batch_size if micro_batch is None else FEW if isinstance(micro_batch, str) else micro_batch
            _check_networks(model, objective, _few(data.batch(number), most))
            for player in state.players:
                batch = objective.pieces(state, _few(data.batch(number), most), player.name).batches[0]()
                _check_door(batch, model)
                _check_terms(batch, player, objective)
        except Exception as error:
            plugins.blame(error, state.step)
            raise


def check_score(part: Metric, value: Any) -> None:
    """Refuse a metric that gives no number."""
    number = isinstance(value, Real) or getattr(value, "shape", None) == ()
    if not number:
        came = "None" if value is None else f"an object of type {type(value).__name__}"
        raise PluginError(
            sentence(f"{whose(part)} must return a number.", f"Got {came}. Mend it, or use another metric.")
        )


# --- before anything is built ---------------------------------------------------------------------


def _try_conditioning(part: Conditioning, spec: DataSpec) -> None:
    for method, given in (("embed", (spec,)), ("head", (8, spec)), ("modulation", (8, spec))):
        built = _attempt(part, method, *given)
        expect(isinstance(built, nn.Module), part, method, "a torch.nn.Module", built)
        if method == "embed":
            width = getattr(built, "out_features", None)
            expect(isinstance(width, int), part, method, "a module with the int out_features", built)


def _try_architecture(part: Architecture, conditioning: Conditioning, spec: DataSpec) -> None:
    for method in ("generator", "discriminator"):
        built = _attempt(part, method, spec, conditioning)
        expect(isinstance(built, nn.Module), part, method, "a torch.nn.Module", built)
        trained = any(parameter.requires_grad for parameter in built.parameters())
        expect(trained, part, method, "a torch.nn.Module with parameters", said="one without any")


def _try_declarations(part: Component, spec: DataSpec) -> None:
    tensors, modules = (_attempt(part, method, spec) for method in ("state", "modules"))
    if not isinstance(tensors, _Unknown):
        whole = isinstance(tensors, Mapping) and all(isinstance(each, Tensor) for each in tensors.values())
        named = whole and all(isinstance(name, str) for name in tensors)
        expect(named, part, "state", "a dict of tensors by their names", tensors)
    if not isinstance(modules, _Unknown):
        whole = isinstance(modules, Mapping) and all(isinstance(each, nn.Module) for each in modules.values())
        players = isinstance(modules, Mapping) and set(modules) <= {"generator", "discriminator"}
        wanted = "a dict of torch.nn.Modules by 'generator' or 'discriminator'"
        expect(whole and players, part, "modules", wanted, modules)


def _try_optimizer(part: Optimizer) -> None:
    weights = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(()))]
    made = _attempt(part, "make", weights, 1e-3)
    expect(isinstance(made, torch.optim.Optimizer), part, "make", "a torch.optim.Optimizer", made)
    moved = {id(weight) for group in made.param_groups for weight in group["params"]}
    all_of_them = moved == {*map(id, weights)}
    expect(all_of_them, part, "make", "an optimizer of all weights it is given", said="one of others, or of some")
    alone = not any(each.kind == each.POSITIONAL_OR_KEYWORD and each.default is each.empty for each in _step_of(made))
    expect(alone, part, "make", "an optimizer whose step needs no closure", said=type(made).__name__)
    rate = _attempt(part, "rate", 0)
    fine = isinstance(rate, int | float) and 0 <= rate < float("inf")
    expect(fine, part, "rate", "a finite number of at least 0", rate)


def _step_of(optimizer: torch.optim.Optimizer) -> Iterable[inspect.Parameter]:
    try:
        return inspect.signature(optimizer.step).parameters.values()
    except ValueError:  # of one that is not written in Python
        return ()


def _attempt(part: Component, method: str, *given: Any) -> Any:
    """Return what a method returns; what it raises on the meta device it may not raise on a real one."""
    try:
        return getattr(part, method)(*given)
    except SkganError:
        raise
    except Exception as error:
        if _needs_numbers(error):
            return _Unknown()
        plugins.blame(error, 0, part, method)
        raise


class _Unknown(nn.Module):
    """Stands for what could not be found out without memory; passes every check."""

    out_features = 1

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))


def _needs_numbers(error: Exception) -> bool:
    return isinstance(error, NotImplementedError) or "meta" in str(error).lower()


# --- one turn of each player ----------------------------------------------------------------------


@contextmanager
def _thrown_away(state: TrainState) -> Iterator[None]:
    """Put everything that a forward pass may change back, and no gradient anywhere."""
    kept = {tensor: tensor.detach().clone() for tensor in _changed_by_looking(state)}
    modes = [(player.module, player.module.training) for player in state.players]
    for module, _ in modes:
        module.train()
    try:
        yield
    finally:
        for module, mode in modes:
            module.train(mode)
        with torch.no_grad():
            for tensor, before in kept.items():
                tensor.copy_(before)


def _changed_by_looking(state: TrainState) -> list[Tensor]:
    own = [module for modules in state.modules.values() for module in modules.values()]
    networks = [player.module for player in state.players] + own
    buffers = [buffer for network in networks for buffer in network.buffers()]
    kept = [tensor for tensors in state.parts.values() for tensor in tensors.values()]
    return buffers + kept + list(state.statistics.values())


def _few(rows: Rows, most: int) -> Rows:
    return rows._replace(x=rows.x[:most], y=rows.y[:most], labelled=rows.labelled[:most])


def _check_networks(model: Model, objective: Objective, rows: Rows) -> None:
    """Check what both networks say, where who builds them is foreign."""
    architecture, conditioning, n = model.parts.architecture, model.parts.conditioning, len(rows.x)
    blamed = next((part for part in (architecture, conditioning) if is_foreign(part)), None)
    if blamed is None:
        return
    z = objective.prior(torch.randn(n, model.spec.latent_dim, device=rows.x.device))
    made = model.state.generator.module(z, rows.y)
    _check_tensor(made, (n, *model.spec.shape), rows.x, blamed, "the generator's forward")
    discriminator = model.state.discriminator.module
    for network in discriminator.members if isinstance(discriminator, Ensemble) else [discriminator]:
        _check_critique(network(rows.x, rows.y), rows, blamed)


def _check_critique(critique: Any, rows: Rows, part: Component) -> None:
    method, n = "the discriminator's forward", len(rows.x)
    expect(isinstance(critique, Critique), part, method, "a skgan.interfaces.Critique", critique)
    for name, value, axes in (("logits", critique.logits, None), ("features", critique.features, 2)):
        fine = isinstance(value, Tensor) and value.ndim == (axes or max(value.ndim, 1))
        shape = (n, *value.shape[1:]) if fine else (n,) * (axes or 1)
        _check_tensor(value, shape, rows.x, part, f"{method} as {name}")
    if critique.class_logits is not None:
        _check_tensor(critique.class_logits, (n, rows.y.shape[1]), rows.x, part, f"{method} as class_logits")
    expect(critique.logits.requires_grad, part, method, "logits with a gradient", said="a constant")


def _asked(part: Component, method: str, *given: Any) -> Any:
    """Return what a method says, once it has left torch's modes as they were: others would train in them."""
    kind = torch.get_default_dtype()
    said = getattr(part, method)(*given)
    graded, changed = torch.is_grad_enabled(), torch.get_default_dtype()
    torch.set_grad_enabled(True)
    torch.set_default_dtype(kind)
    expect(graded, part, method, "with gradients enabled, as it was called", said="gradients switched off")
    expect(changed == kind, part, method, f"with torch's default dtype as it was, {kind},", said=str(changed))
    return said


def _told(part: Component, method: str, batch: Batch) -> Any:
    """Return what a method says of a batch, once it has left the batch and the network's weights as they were."""
    if not is_foreign(part):
        return _asked(part, method, batch)
    things = {name: getattr(batch, name) for name in ("real", "fake", "z", "y", "labelled", "module")}
    weights = [weight.detach() for weight in batch.module.parameters()]
    tensors = [each.detach() for each in things.values() if isinstance(each, Tensor)] + weights
    before = [tensor.clone() for tensor in tensors]
    said = _asked(part, method, batch)
    replaced = [name for name, thing in things.items() if getattr(batch, name, None) is not thing]
    expect(not replaced, part, method, "with the batch as it was", said=f"another {listed(replaced, 2)} in it")
    same = all(map(torch.equal, tensors, before))
    expect(same, part, method, "with batch and weights as they were", said="numbers changed in place")
    return said


def _check_door(batch: Batch, model: Model) -> None:
    for part in filter(is_foreign, model.parts.augmentations):
        given = batch.real.detach().clone().requires_grad_()
        changed = _asked(part, "with_state", given * 1.0, batch.rng(part), batch.state[part])
        _check_tensor(changed, tuple(batch.real.shape), batch.z, part, "__call__")
        expect(changed.dtype == given.dtype, part, "__call__", f"{given.dtype}, as it was given,", changed)
        expect(changed.requires_grad, part, "__call__", "samples with a gradient", said="constants")


def _check_terms(batch: Batch, player: Player, objective: Objective) -> None:
    """Check every term that a player minimises, and that a gradient can be taken of each that is foreign."""
    loss = objective.loss
    value = _told(loss, batch.player, batch)
    if is_foreign(loss):
        whole = loss.tags().whole_batch
        hint = "" if whole else " (a scalar needs the tag whole_batch)"
        _check_tensor(value, () if whole else tuple(batch.fake_.logits.shape), batch.z, loss, batch.player, hint)
        expect(value.requires_grad, loss, batch.player, "a loss with a gradient", said="a constant")
        _check_slope(value, player, loss, batch.player)
        figures = loss.watch(batch) if batch.player == "discriminator" else {}
        said = figures.values() if isinstance(figures, Mapping) else [None]
        single = all(isinstance(each, Tensor) and each.numel() == 1 for each in said)
        expect(single, loss, "watch", "a dict of tensors of one number each", figures)
    for part in filter(is_foreign, batch.due):
        factors = _told(part, "weights", batch)
        if factors is not None:
            _check_tensor(factors, (len(batch.real),), batch.z, part, "weights")
        _check_term(_told(part, "penalty", batch), batch, player, part, "penalty")
    if is_foreign(objective.conditioning):
        auxiliary = _told(objective.conditioning, "auxiliary", batch)
        _check_term(auxiliary, batch, player, objective.conditioning, "auxiliary")


def _check_term(value: Any, batch: Batch, player: Player, part: Component, method: str) -> None:
    """Check a term of `(n,)`, `(k n,)` with k discriminators, or one number."""
    if value is None:
        return
    n = len(batch.real)
    wanted = f"a tensor of shape ({n},), a scalar or None"
    expect(isinstance(value, Tensor), part, method, wanted, value)
    rows = value.ndim >= 1 and len(value) > 0 and len(value) % n == 0
    expect(value.ndim == 0 or rows, part, method, wanted, value)
    _check_tensor(value, tuple(value.shape), batch.z, part, method)
    _check_slope(value, player, part, method)


def _check_slope(value: Tensor, player: Player, part: Component, method: str) -> None:
    if not value.requires_grad:
        return
    try:
        torch.autograd.grad(mean(value), player.parameters, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise breach(part, method, "something that has a gradient", "what torch refuses to differentiate") from error


def _check_tensor(
    value: Any, shape: tuple[int, ...], like: Tensor, part: Component, method: str, hint: str = ""
) -> None:
    fine = isinstance(value, Tensor) and value.is_floating_point() and value.device == like.device
    wanted = f"a tensor of shape {shape}, of real numbers on {like.device}{hint},"
    expect(fine and tuple(value.shape) == shape, part, method, wanted, value)
