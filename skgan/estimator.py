"""GANEstimator: parameters, fit, partial_fit, sample. Turns names into objects; no tensor arithmetic.

Importing this module, and constructing, cloning or printing an estimator, does not import torch.
"""

from __future__ import annotations

import copy
import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, DensityMixin, TransformerMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skgan import memory, nesting, seeding
from skgan.exceptions import CheckpointMismatchError, InvalidParameterError, PickleVersionWarning
from skgan.interfaces import Component
from skgan.picked_rows import PickedRows
from skgan.validation import (
    Boolean,
    Choice,
    Device,
    Integer,
    Kind,
    Location,
    RandomState,
    Real,
    Several,
    Sizes,
    as_array,
    check_columns,
    check_table,
    check_value,
    check_X,
    sentence,
    shown,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from skgan.checkpoint_dir import CheckpointDirectory
    from skgan.costs import Cost
    from skgan.data import Dataset
    from skgan.distributed import Alone
    from skgan.encoding.table import Table
    from skgan.history import History
    from skgan.model import Model
    from skgan.resuming import Run
    from skgan.watch import Watch

_AUTO = Choice("auto")
_RATE = (Real(0.0, closed="neither"), _AUTO)

#: parameter -> what it may be; parts are checked by `skgan.resolution` in the same words
CONSTRAINTS: dict[str, tuple[Any, ...]] = {
    "prior": (
        Choice("gaussian", "uniform", "truncated", "sphere", "codes"),
        Kind("a skgan.latents.Prior", "codes", "validate"),
    ),
    "preprocessor": (Kind("a transformer with fit_transform and inverse_transform", "inverse_transform"), Choice(None)),
    "layout": (Choice("auto", "nf", "nhw", "nhwc", "nchw", "ncl", "ncdhw"),),
    "image_shape": (Sizes(2, 3), Choice(None)),
    "columns": (Kind("a dict of columns and their kinds or encoders", "items"), Choice(None)),
    "constraints": (
        Several("a list of skgan.interfaces.Constraint"),
        Kind("one", "enforce"),
        Kind("the name of one", "casefold"),
        Choice(None),
    ),
    "latent_dim": (Integer(1, 2**31 - 1),),
    "batch_size": (Integer(1, 2**24),),
    "n_critic": (Integer(1), _AUTO),
    "n_discriminators": (Integer(1, 2**10),),
    "max_iter": (Integer(1), _AUTO),
    "max_time": (Real(0.0, closed="neither"), Choice(None)),
    "learning_rate": _RATE,
    "discriminator_learning_rate": _RATE,
    "ema_decay": (Real(0.0, 1.0), Choice(None)),
    "early_stopping": (Boolean(),),
    "validation_fraction": (Real(0.0, 1.0, closed="neither"),),
    "n_iter_no_change": (Integer(1),),
    "tol": (Real(0.0),),
    "checkpoint_dir": (Location(), Choice(None)),
    "checkpoint_every_ticks": (Integer(1), Choice(None)),
    "resume": (Boolean(), Choice("auto")),
    "on_divergence": (Choice("raise", "rollback"),),
    "device": (Device(),),
    "precision": (Choice("auto", "float32", "bfloat16"),),
    "compile": (Boolean(),),
    "micro_batch": (Integer(1), Choice("auto", None)),
    "sync_batch_norm": (Boolean(),),
    "warm_start": (Boolean(),),
    "init_from": (Location(), Choice(None)),
    "random_state": (RandomState(),),
    "verbose": (Integer(0), Boolean()),
}

#: what may change between two calls that continue one training
_FREE_WHILE_CONTINUING = frozenset(
    ("max_iter", "max_time", "callbacks", "scoring", "sampler", "verbose", "warm_start", "random_state", "device")
) | {
    "on_divergence",
    "checkpoint_dir",
    "checkpoint_every_ticks",
    "resume",
    "n_iter_no_change",
    "tol",
    "micro_batch",
    "compile",
    "init_from",
}

#: images among the labels of a training that previews are made for
PREVIEWED = 64


class GANEstimator(
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    DensityMixin,
    BaseEstimator,
):
    """A generative adversarial network with ``fit`` and ``sample``.

    Parameters
    ----------
    loss : str, Loss or "auto", default="auto"
        What the players minimise. "auto" takes the architecture's, if that names one, else ``"rpgan"`` with its
        penalties.
    architecture : str, Architecture or "auto", default="auto"
        The networks. "auto" takes the loss's, else ``"dcgan"`` for images, ``"unet"`` where y is images too,
        ``"tabular"`` for tables and ``"mlp"`` for the rest.
    regularizers : str, Regularizer, list of them, None or "auto", default="auto"
        Penalties and constraints. "auto" takes the loss's, else the architecture's; None means none.
    conditioning : str, Conditioning, None or "auto", default="auto"
        How labels reach the networks. "auto" is ``"projection"`` when y is given; None ignores y.
    augmentation : str, Augmentation, list of them or None, default=None
        Changes of samples before the discriminator sees them.
    optimizer : str, Optimizer or "auto", default="auto"
        Of both players. "auto" takes the loss's, else the architecture's; an architecture that scales its weights when
        it uses them goes first.
    sampler : str, Sampler or None, default=None
        How `sample` draws; None takes the generator's samples as they are.
    prior : {"gaussian", "uniform", "truncated", "sphere", "codes"} or Prior, default="gaussian"
        Distribution of the latents; an object of `skgan.latents` for other parameters than its defaults.
    preprocessor : transformer or None, default=None
        A scikit-learn transformer with ``inverse_transform``, applied before and undone after.
    callbacks : str, Callback, list of them or None, default=None
        Who looks on at every tick, that is each 100th generator update and the last.
    scoring : str, Metric, callable, list of them or "auto", default="auto"
        What `score` measures: a metric, or a scorer of scikit-learn, ``f(estimator, X, y)``. Of a list the first one
        decides, and early stopping records all. "auto" is ``"energy"``.
    layout : {"auto", "nf", "nhw", "nhwc", "nchw", "ncl", "ncdhw"}, default="auto"
        Axes of X. "auto" takes two dimensions as rows, three as greyscale images, four as images
        whose channel axis is the one of at most four, five as volumes.
    image_shape : tuple of int or None, default=None
        `(c, h, w)` or `(h, w)` of images that come as flat rows.
    columns : dict or None, default=None
        What columns of a table are, where their values do not say: name (place, for arrays) to "continuous",
        "integer", "spikes", "discrete", "boolean", "ordinal", "datetime", "id", "constant", or to an encoder by
        name or as an object. ``"*"`` stands for all columns of the sort that an encoder reads, categories or numbers,
        and that are not named: ``{"*": OneHot(least=0.01)}`` of `skgan.encoding.one_hot` keeps categories that fewer
        than one row in a hundred has out of samples and files. That is no differential privacy: frequencies,
        combinations and the ranges of numbers still follow from the rows. Given, even empty, X is a table of mixed
        types; otherwise a DataFrame is one when it holds more than numbers.
    constraints : Constraint, list of them, str or None, default=None
        Rules that the rows of a table keep, such as ``LessThan("start", "end")`` of `skgan.constraints`. Given, X is a
        table of mixed types, as with `columns`.
    latent_dim : int, default=64
        Width of a latent, in [1, 2**31).
    batch_size : int, default=64
        Rows in a batch, in [1, 2**24]; may exceed the number of rows.
    n_critic : int or "auto", default="auto"
        Discriminator updates for each generator update, in [1, inf). "auto" takes the loss's, else 1.
    n_discriminators : int, default=1
        Discriminators that look at the same samples, in [1, 1024]; losses and penalties are means over them.
    max_iter : int or "auto", default="auto"
        Generator updates of one fit, in [1, inf). "auto" is eight for each row, at least
        100 and at most 10,000; five for each image, at least 200.
    max_time : float or None, default=None
        Seconds after which a fit ends with the step it is in, in (0, inf).
    learning_rate : float or "auto", default="auto"
        Of the generator, in (0, inf). "auto" chooses as for `optimizer`.
    discriminator_learning_rate : float or "auto", default="auto"
        Of the discriminator, in (0, inf). "auto" is the generator's.
    ema_decay : float or None, default=0.999
        Decay of the generator's average, which samples come from, in [0, 1); None for no average.
    early_stopping : bool, default=False
        Whether `fit` holds out a part of the rows, judges the averaged generator on it by `scoring` every so many
        ticks, ends when that stops rising, and goes back to the best state. How often follows from counted work, so
        that it takes a twentieth of the time at most. `partial_fit` judges too, and neither ends nor goes back.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out, class by class, in (0, 1); at most 1,000 rows.
    n_iter_no_change : int, default=10
        Evaluations in a row without a score that is higher by `tol`, after which early stopping ends, in [1, inf).
    tol : float, default=0.0
        By how much a score must be higher to count, in [0, inf).
    checkpoint_dir : str, Path or None, default=None
        A directory for checkpoints, one fit at a time: one before training, then every `checkpoint_every_ticks`
        ticks, at the end, and on Ctrl-C or SIGTERM, which then wait for the end of the step. The newest three
        stay; each is a directory that `load` reads. None writes none.
    checkpoint_every_ticks : int or None, default=None
        Ticks, of 100 generator updates each, between two checkpoints, in [1, inf). None is 10.
    resume : bool or "auto", default=False
        Whether `fit` goes on from the newest intact checkpoint in `checkpoint_dir`, with the same settings and
        data: `max_iter` then counts from the first fit. The result is that of a fit without a break, bit for
        bit. True needs a checkpoint, "auto" begins from the start where there is none, and False refuses a
        directory that has some.
    on_divergence : {"raise", "rollback"}, default="raise"
        What to do when a number stops being finite, or logits grow past 1e6. "rollback" goes back to the last
        good tick and on with other random numbers, at most three times from the same one, with a warning each
        time; it keeps one more copy of all weights on the device.
    device : str, default="auto"
        "cpu", "cuda", "cuda:N", "mps", or "auto" for a GPU where there is one.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        In which matrix products and convolutions are computed, in training and in sampling; weights, losses,
        penalties and averages are float32 always. "auto" is bfloat16 for networks with convolutions on a GPU that
        multiplies it itself, where it was as good as float32 over paired seeds, and float32 otherwise; `precision_`
        tells. On a processor that has it bfloat16 is faster, but was worse on MNIST (docs/benchmarks.md); networks
        with a kernel wider than what it is laid over train in float32 there, with a warning.
    compile : bool, default=False
        Whether to trace both turns and compile them, which takes from seconds to a minute before the first step and
        pays in long fits: on a GPU, and on the CPU with penalties. What cannot be compiled runs as it is, with a
        warning. Numbers may differ in the last digits. Not with `micro_batch`.
    micro_batch : int, "auto" or None, default=None
        Rows of a batch that are in memory together, in [1, inf); gradients are added up to those of the whole batch.
        "auto" measures what few rows take and divides the batch until it fits into half of the free memory; None
        never divides. Parts that look at a batch as a whole are refused.
    sync_batch_norm : bool, default=False
        Whether several ranks (`skgan.distributed`) normalise batches by the statistics of all of them instead of each
        its own, as one rank with all rows would. Two messages for each layer and pass; not with `compile` or
        `micro_batch`. In one process nothing changes.
    warm_start : bool, default=False
        Whether `fit` on a fitted estimator trains on, for `max_iter` further updates.
    init_from : str, path or None, default=None
        A saved model (`save`) whose networks a training from the start begins with, instead of random weights, to
        learn from fewer samples or in less time. Tensors of the same name and shape are copied; others, such as
        embeddings of other classes, start anew, and `transfer_` says which. Less than half of all numbers is refused.
        Optimizers start anew. Not looked at where a training goes on.
    random_state : int, RandomState or None, default=None
        Seed of everything: weights, batches, latents, samples.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    generator_, discriminator_ : nn.Module
        The networks as training left them, in evaluation mode.
    generator_ema_ : nn.Module
        The generator's average, which samples come from.
    loss_, architecture_, conditioning_, optimizer_ : Component
        The resolved parts; `regularizers_` and `augmentation_` are lists of them.
    n_critic_, learning_rate_, discriminator_learning_rate_, precision_, micro_batch_
        What "auto" became.
    device_ : str
        Where the networks are.
    transfer_ : Transfer
        With `init_from`, what of it was taken over; ``print(gan.transfer_)`` is a table.
    history_ : History
        Figures of every tick; ``history_.as_frame()``. Columns ``seconds/...`` tell what time went to, in fits of
        1,000 updates or more. Columns ``watch/...`` tell of collapse and copying, at
        each 25th tick and at the end of a fit of 500 updates or more on 50 rows or more; columns ``validation/...``
        of held-out rows, where early stopping judged. ``history_.best()`` and ``history_.last()`` are ticks.
    best_validation_score_ : float
        The highest score on held-out rows, where early stopping judged.
    n_iter_ : int
        Generator updates so far; with early stopping those of the best state.
    label_kind_ : {"none", "classes", "multilabel", "continuous", "image"}
        What y was.
    label_shape_ : tuple of int
        Of one label as the networks see it; ``(0,)`` without y, ``(c, h, w)`` for images.
    classes_ : ndarray of shape (n_classes,)
        Labels seen in fit, where y holds classes.
    class_prior_ : ndarray of shape (n_classes,)
        How often each was, where y holds classes.
    columns_ : Report
        What was found of the columns of a table: kind, encoder, distinct values, missing ones, range; printed as
        a table, by `fit` too with ``verbose=1``.
    preprocessor_ : transformer or None
        The fitted preprocessor.
    data_shape_ : tuple of int
        Shape of one sample, as it came.
    n_features_in_ : int
        Values in one sample.
    feature_names_in_ : ndarray of str
        Column names, when X had some.
    provenance_ : dict
        Where each part came from.

    See Also
    --------
    sklearn.mixture.GaussianMixture : A density that is a mixture of Gaussians.

    References
    ----------
    .. [1] Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skgan import GANEstimator
    >>> X, y = load_iris(return_X_y=True)
    >>> gan = GANEstimator(max_iter=20, random_state=0).fit(X, y)
    >>> gan.sample(3, y=1).shape
    (3, 4)
    """

    def __init__(
        self,
        loss: Any = "auto",
        *,
        architecture: Any = "auto",
        regularizers: Any = "auto",
        conditioning: Any = "auto",
        augmentation: Any = None,
        optimizer: Any = "auto",
        sampler: Any = None,
        prior: Any = "gaussian",
        preprocessor: Any = None,
        callbacks: Any = None,
        scoring: Any = "auto",
        layout: str = "auto",
        image_shape: tuple[int, ...] | None = None,
        columns: Any = None,
        constraints: Any = None,
        latent_dim: int = 64,
        batch_size: int = 64,
        n_critic: int | str = "auto",
        n_discriminators: int = 1,
        max_iter: int | str = "auto",
        max_time: float | None = None,
        learning_rate: float | str = "auto",
        discriminator_learning_rate: float | str = "auto",
        ema_decay: float | None = 0.999,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 0.0,
        checkpoint_dir: Any = None,
        checkpoint_every_ticks: int | None = None,
        resume: bool = False,
        on_divergence: str = "raise",
        device: str = "auto",
        precision: str = "auto",
        compile: bool = False,
        micro_batch: Any = None,
        sync_batch_norm: bool = False,
        warm_start: bool = False,
        init_from: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.loss = loss
        self.architecture = architecture
        self.regularizers = regularizers
        self.conditioning = conditioning
        self.augmentation = augmentation
        self.optimizer = optimizer
        self.sampler = sampler
        self.prior = prior
        self.preprocessor = preprocessor
        self.callbacks = callbacks
        self.scoring = scoring
        self.layout = layout
        self.image_shape = image_shape
        self.columns = columns
        self.constraints = constraints
        self.latent_dim = latent_dim
        self.batch_size = batch_size
        self.n_critic = n_critic
        self.n_discriminators = n_discriminators
        self.max_iter = max_iter
        self.max_time = max_time
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.ema_decay = ema_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.checkpoint_dir = checkpoint_dir
        self.checkpoint_every_ticks = checkpoint_every_ticks
        self.resume = resume
        self.on_divergence = on_divergence
        self.device = device
        self.precision = precision
        self.compile = compile
        self.micro_batch = micro_batch
        self.sync_batch_norm = sync_batch_norm
        self.warm_start = warm_start
        self.init_from = init_from
        self.random_state = random_state
        self.verbose = verbose

    # --- parameters -----------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with `deep` those of parts given as objects too.

        Parameters
        ----------
        deep : bool, default=True
            Whether to list ``loss__gp_weight`` and the like.

        Returns
        -------
        dict
            Name to value.
        """
        params = super().get_params(deep=deep)
        return params | nesting.nested_of_lists(params) if deep else params

    def set_params(self, /, **params: Any) -> GANEstimator:
        """Set parameters; a name given as ``loss`` becomes its part when ``loss__...`` is set.

        Parameters
        ----------
        **params : dict
            Name to value, nested names with two underscores.

        Returns
        -------
        GANEstimator
            This one.
        """
        nesting.check_known(type(self).__name__, self.get_params(deep=False), params)
        before = dict(vars(self))
        plain, nested = nesting.split(params)
        try:
            super().set_params(**{name: value for name, value in plain.items() if "__" not in name})
            for name, values in nested.items():
                setattr(self, name, nesting.with_nested(name, getattr(self, name), values))
            super().set_params(**{name: value for name, value in plain.items() if "__" in name})
        except Exception:
            self.__dict__.update(before)
            raise
        return self

    # --- training -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> GANEstimator:
        """Train on X, from the start, with ``warm_start`` from where the last fit ended, or ``resume`` a checkpoint.

        Parameters
        ----------
        X : array-like, tensor, DataFrame or ScannedTable of shape (n_samples, ...)
            Rows or images of finite numbers. A DataFrame may hold text, dates, booleans and missing values too, and
            so may an array with `columns`. Tables of polars or Arrow are read as DataFrames of pandas.
        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, [c,] h, w), default=None
            Labels of any kind. One dimension holds classes of any type, or numbers when they are not all whole;
            integers are classes, however many, unless the conditioning is made for numbers only. Two dimensions
            of 0 and 1 are several labels at once, of other numbers they are numbers; more are images. NaN and
            None mean unlabelled (a whole row where one of its numbers is missing); -1 is a class.

        Returns
        -------
        GANEstimator
            This one, fitted.

        Raises
        ------
        InvalidParameterError
            When a parameter is out of its range or names no part.
        IncompatibleComponentError
            When parts or data do not go together.
        TrainingDivergedError
            When a number stopped being finite, or the logits grew past 1e6 (with ``on_divergence="rollback"``,
            when going back did not help).
        DeviceMemoryError
            When memory does not suffice; no smaller batch is tried instead.
        RankError
            When one of several processes (see `skgan.distributed`) fails, hangs or trains something else.
        CheckpointError
            When `checkpoint_dir` does not go with `resume`, the settings or the data.
        CheckpointWriteError
            When a checkpoint cannot be written; what was trained until then is kept, as on Ctrl-C.
        KeyboardInterrupt, SystemExit
            On Ctrl-C; and on SIGTERM with `checkpoint_dir`, with the exit status 143. What was trained is kept.
        ValueError, TypeError
            When X or y cannot be trained on.
        """
        from skgan import engine
        from skgan.events import Events
        from skgan.training import train

        with ExitStack() as held, Events() as events:
            with self._as_it_was_on_error():
                watch = self._begin(X, y, held, continues=self.warm_start)
                if watch.ranks.leads:
                    events.fit_started(self, watch.model)
                steps = engine.run(train, watch.state, watch.data, watch.objective)
                with watch:
                    for state in steps if watch.n_steps else ():
                        if watch.sees_the_end(state):
                            break
                self._finish(watch)
            watch.raise_what_waited()
        return self

    def estimate_cost(self, X: Any, y: Any = None) -> Cost:
        """Return what `fit` will take, from a few steps of an estimator like this one; nothing is kept of them.

        Parameters
        ----------
        X, y
            As for `fit`.

        Returns
        -------
        Cost
            With ``seconds``, ``seconds_per_step``, ``n_steps``, ``bytes``, ``data_bytes`` and ``training_bytes``.
            Times are measured on this machine, now; memory is estimated from steps of few rows.

        Raises
        ------
        InvalidParameterError, IncompatibleComponentError, ValueError, TypeError
            As `fit`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skgan import GANEstimator
        >>> cost = GANEstimator().estimate_cost(*load_iris(return_X_y=True))
        >>> cost.n_steps
        1200
        """
        from skgan import costs

        looking = {"callbacks": None, "checkpoint_dir": None, "resume": False, "verbose": 0, "warm_start": False}
        twin = clone(self).set_params(**looking, checkpoint_every_ticks=None)
        with twin._as_it_was_on_error():
            return costs.estimate(twin, X, y)

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> GANEstimator:
        """Train on for one pass over X: `ceil(n_samples / batch_size)` generator updates.

        Parameters
        ----------
        X : array-like, tensor or DataFrame of shape (n_samples, ...)
            As for `fit`; later calls must have the shape of the first.
        y : array-like of shape (n_samples, ...), default=None
            Labels of the kind of the first call; classes all seen there or named by its `classes`.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; read in the first call, and refused for labels that are no classes.

        Returns
        -------
        GANEstimator
            This one.
        """
        from skgan import engine
        from skgan.events import Events
        from skgan.training import train

        with ExitStack() as held, Events() as events:
            with self._as_it_was_on_error():
                watch = self._begin(X, y, held, continues=True, classes=classes, one_pass=True)
                if watch.ranks.leads:
                    events.fit_started(self, watch.model)
                with watch:
                    for state in engine.run(train, watch.state, watch.data, watch.objective):
                        if watch.sees_the_end(state):
                            break
                self._finish(watch)
            watch.raise_what_waited()
        return self

    def _begin(
        self, X: Any, y: Any, held: ExitStack, *, continues: bool, classes: Any = None, one_pass: bool = False
    ) -> Watch:
        """Encode and build. What can be refused is refused here, before anything is trained."""
        from skgan import compatibility, micro_batches, rehearsal, resolution
        from skgan.engine import resolve_device
        from skgan.watch import Watch

        ranks = self._joined(held, one_pass)
        params = self.get_params(deep=False)
        check_table("GANEstimator", params, CONSTRAINTS, _DEFAULTS)
        given = resolution.given(params)
        self._scorer()
        networks = self._networks_to_begin_with(continues)
        device = ranks.device(resolve_device(self.device))
        X, y = as_array(X), None if self.conditioning is None else y
        directory = self._checkpoint_directory(held, one_pass, ranks)
        model, history, run = self._before(directory, X, y, device, continues, ranks)
        keeper = None if directory is None else partial(self._keeper, directory, X, y, device, run, ranks)
        X, y, *held_out = self._held_out(X, y)
        rows = self._checked(X, reset=model is None)
        if begins := model is None:
            model = self._new_model(X, rows, y, classes, given, ranks)
        elif classes is not None:
            self._encoding_.labels.check_classes(classes)
        compatibility.check_sync_batch_norm(self.sync_batch_norm, self.compile, self.micro_batch)
        micro_batches.check(model.parts, self.micro_batch, self.batch_size, self.compile)
        model.device = str(device)
        if begins:
            self._take_over(model, networks)
        per_step = self.batch_size * ranks.size
        data = self._dataset(rows, y, model, device, (ranks.rank, ranks.size), held)
        if model.step == 0:
            rehearsal.play(model, model.objective(), data, self.micro_batch)
        per_pass = -(-len(rows) // per_step)
        n_steps = per_pass if one_pass else resolution.budget(self.max_iter, model.spec.kind, len(rows))
        ranks.compare("the data and first weights", partial(self._beginning, model, X, y))
        watch = Watch(
            model,
            data,
            history,
            n_steps=n_steps if run is None else self._steps_left(n_steps, model.step),
            max_time=self.max_time,
            callbacks=given["callbacks"] or [],
            sample=partial(self._preview, data.labels[:PREVIEWED]),
            redraw=self._redrawn,
            on_divergence=self.on_divergence,
            verbose=int(self.verbose),
            keeper=None if keeper is None else keeper(),
            resumed=run,
            judge=self._judge(model, *held_out, stops=not one_pass, run=run),
            judged=self._judged,
            ranks=ranks,
        )
        model.micro_batch = watch.objective.micro_batch = self._rows_at_a_time(watch)
        self._choose_how_turns_run(watch)
        return watch

    def _choose_how_turns_run(self, watch: Watch) -> None:
        """Share batch statistics or compile turns, where that is asked for."""
        if self.sync_batch_norm and not watch.ranks.alone:
            from skgan import compatibility

            compatibility.check_batch_norms(watch.state)
            watch.objective.total = watch.ranks.total
        if self.compile:
            from skgan.tracing import CompiledObjective

            watch.objective = CompiledObjective(watch.objective)

    def _networks_to_begin_with(self, continues: bool) -> dict[str, np.ndarray] | None:
        """Return those of `init_from`, if it is given and this training does not go on."""
        if self.init_from is None or (continues and hasattr(self, "_model_")):
            return None
        from skgan import transfer

        return transfer.saved_networks(self.init_from, GANEstimator.load)

    def _take_over(self, model: Model, networks: dict[str, np.ndarray] | None) -> None:
        """Begin with the networks of `init_from`, as far as they fit."""
        self.__dict__.pop("transfer_", None)
        if networks is None:
            return
        from skgan import transfer

        self.transfer_ = transfer.take_over(model, networks, self.init_from)
        if self.verbose:
            print(self.transfer_)

    def _dataset(
        self, rows: Any, y: Any, model: Model, device: Any, shard: tuple[int, int], held: ExitStack
    ) -> Dataset:
        """Return the rows on the device, or where they are when it has no room for them."""
        from skgan import streaming
        from skgan.data import Dataset

        encoding, asking = self._encoding_, model.parts.conditioning.asking()
        expanding = encoding.scaling.expand, encoding.labels.expand, encoding.labels.known
        batches = self.batch_size, model.key
        n_bytes = encoding.stored_bytes(rows)
        if n_bytes is not None and streaming.wanted(rows, n_bytes, device):
            labels = encoding.encode_labels(y, len(rows)).to(device)
            fetch, turns = partial(encoding.encode_some, rows), model.parts.n_critic + 1
            streamed = streaming.Streamed(fetch, len(rows), labels, *expanding, *batches, turns, shard)
            held.callback(streamed.close)
            return streamed
        x, labels = encoding.stored(rows, y, model.key)
        order = encoding.order(labels, asking, self.batch_size * shard[1], model.key, device)
        return Dataset(x.to(device), labels.to(device), *expanding, *batches, order, shard)

    def _joined(self, held: ExitStack, one_pass: bool) -> Alone:
        """Return who else trains the same, once that is sure."""
        from skgan import distributed

        ranks = held.enter_context(distributed.joined())
        ranks.compare("the settings", partial(self._settings, one_pass))
        return ranks

    def _rows_at_a_time(self, watch: Watch) -> int | None:
        """Return how many rows of a batch to take at a time: what fits on every rank; None for all."""
        from skgan import micro_batches

        size = micro_batches.decide(self.micro_batch, watch.state, watch.data, watch.objective)
        sizes = watch.ranks.gather("rows at a time", size, patient=True)
        return min((each for each in sizes if each is not None), default=None)

    def _held_out(self, X: Any, y: Any) -> tuple[Any, Any, Any, Any]:
        """Return rows and labels to train on, and those that early stopping holds out, if it does."""
        if not self.early_stopping:
            return X, y, None, None
        from skgan import early_stopping

        return early_stopping.hold_out(X, y, self.validation_fraction, self._seed_asked_for())

    def _judge(self, model: Model, X: Any, y: Any, *, stops: bool, run: Run | None) -> Any:
        """Return who judges the training on held-out rows, as far as the checkpoint that it goes on from had come."""
        if X is None:
            return None
        from skgan.early_stopping import Judge

        judge = Judge(self, model, X, y, stops)
        if run is not None and "judged" in run:
            judge.store(run["judged"], run["best"])
        return judge

    def _judged(self, model: Model, scoring: Any, X: Any, y: Any = None) -> dict[str, float]:
        """Return what metrics say of a model in training, beside rows X."""
        from skgan import judging

        twin = copy.copy(self)
        twin._model_ = model
        return {name: judging.judge(twin, part, X, y) for name, part in judging.scorers(scoring).items()}

    def _checkpoint_directory(self, held: ExitStack, one_pass: bool, ranks: Alone) -> CheckpointDirectory | None:
        """Return where checkpoints go, once that goes with the other parameters; only what is there is touched."""
        from skgan.checkpoint_dir import CheckpointDirectory

        problem = ""
        if self.checkpoint_dir is None and self.resume is not False:
            problem = f"resume must be False without checkpoint_dir. Got {self.resume!r}. Say where the checkpoints are"
        elif self.checkpoint_dir is None and self.checkpoint_every_ticks is not None:
            ticks = f"Got {self.checkpoint_every_ticks!r}"
            problem = f"checkpoint_every_ticks must be None without checkpoint_dir. {ticks}. Say where checkpoints go"
        elif self.checkpoint_dir is not None and self.resume is not False and self.warm_start:
            problem = "resume and warm_start must not be set together. Resume from a file, or go on from memory"
        elif self.checkpoint_dir is not None and one_pass:
            problem = "checkpoint_dir must be None for partial_fit. Call save between two calls"
        if problem:
            raise InvalidParameterError(f"{problem}.")
        if self.checkpoint_dir is None:
            return None
        directory = CheckpointDirectory(self.checkpoint_dir)
        held.callback(directory.release)

        def claim() -> None:
            directory.check(self.resume)
            if directory.had_an_owner():
                directory.acquire()
                directory.check(self.resume)

        ranks.first_does("the place of checkpoints", claim)
        return directory

    def _before(
        self, directory: CheckpointDirectory | None, X: Any, y: Any, device: Any, continues: bool, ranks: Alone
    ) -> tuple[Model | None, History | None, Run | None]:
        """Return what this fit goes on from, if from anything."""
        if directory is not None and ranks.first_does("the checkpoints so far", lambda: len(directory.entries())):
            from skgan import resuming

            found, run = resuming.take_over(directory, self, X, y, device, ranks)
            for name in ("_encoding_", "_fitted_with_", "_draws_", "n_features_in_", "feature_names_in_"):
                self.__dict__.pop(name, None)
                if name in vars(found):
                    setattr(self, name, getattr(found, name))
            return found._model_.copy(), found.history_, run
        if not (continues and hasattr(self, "_model_")):
            return None, None, None
        self._refuse_changed_parameters()
        return self._model_.copy(), self.history_.copy(), None

    def _keeper(
        self, directory: CheckpointDirectory, X: Any, y: Any, device: Any, run: Run | None, ranks: Alone
    ) -> Any:
        """Return who writes the checkpoints; a new directory is made here, after all that can be refused was."""
        from skgan.resuming import Keeper, fingerprint

        def own() -> None:
            directory.acquire()
            if run is None:
                directory.check(False)  # another fit may have been here in the meantime

        ranks.first_does("the place of checkpoints", own)
        data = fingerprint(X, y) if run is None else run["data"]
        return Keeper(directory, self, self.checkpoint_every_ticks, data, device, ranks)

    def _settings(self, one_pass: bool) -> dict[str, str]:
        """Return what ranks must agree in before they look at data, as text that is the same in every process."""
        params = {name: repr(value) for name, value in self.get_params(deep=False).items()}
        for name in ("callbacks", "sampler", "scoring", "verbose", "random_state"):  # rank 0's count, or compared later
            del params[name]
        params["device"] = str(self.device).partition(":")[0]  # of one kind; each rank has its own
        params["method"] = "partial_fit" if one_pass else "fit"
        params["trained before"] = str(self.__sklearn_is_fitted__())
        return {name: re.sub(r"\bat 0x[0-9a-f]+", "", text) for name, text in params.items()}

    def _beginning(self, model: Model, X: Any, y: Any) -> dict[str, str]:
        """Return what ranks must agree in before the first step: data, seed, step and weights."""
        from skgan.resuming import digest_of, fingerprint

        data = {f"X and y, {name}": text for name, text in fingerprint(X, y).items()}
        seed = {"random_state": str(model.key), "step": str(model.step)}
        return data | seed | {"weights": digest_of(model.state.tensors())}

    def _steps_left(self, budget: int, done: int) -> int:
        """Return how many updates a resumed fit has before it, of those that `max_iter` counts from the first one."""
        if budget < done:
            raise CheckpointMismatchError(
                sentence(
                    f"max_iter counts from the first fit and must be at least {done}, the step of the checkpoint.",
                    f"Got {budget}. Set a larger one, or load the checkpoint to use it as it is.",
                )
            )
        return budget - done

    def _new_model(self, X: Any, rows: np.ndarray, y: Any, classes: Any, given: dict[str, Any], ranks: Alone) -> Model:
        """Learn how X and y look, decide every "auto", and describe the networks; nothing is built yet."""
        from skgan import latents, precision, rehearsal, resolution
        from skgan.encoding import Encoding
        from skgan.encoding.layout import Layout
        from skgan.model import Model

        seed = _drawn_seed(self.random_state)
        if self.random_state is None:
            seed = ranks.first_does("the seed", lambda: seed)
        if not self._is_table(X):
            layout = Layout(X, rows, self.layout, self.image_shape)
            kinds = given["conditioning"].tags().labels if isinstance(given["conditioning"], Component) else None
            self._encoding_: Any = Encoding(layout, rows, y, classes, self.preprocessor, kinds)
        else:
            self._encoding_ = self._new_table(rows, y, classes, given)
        if remark := self._encoding_.labels.remark(len(rows)):
            warnings.warn(remark, UserWarning, stacklevel=4)
        prior = latents.prior_of(self.prior)
        prior.validate(self.latent_dim)
        spec = self._encoding_.spec(self.latent_dim, prior.codes())
        parts = resolution.complete(given, self.get_params(deep=False), spec)
        resolution.sampler(self.sampler, parts, spec, prior)
        self._fitted_with_ = self._structure()
        self._draws_ = 0
        said = precision.named(self.precision)
        model = Model(parts, spec, prior, self.ema_decay, (seed, 0), self.device, said)
        rehearsal.build(model)
        return model

    def _new_table(self, X: Any, y: Any, classes: Any, given: dict[str, Any]) -> Table:
        """Learn how the columns of a table look."""
        from skgan import resolution
        from skgan.encoding.table import Table
        from skgan.interfaces import Asking

        if self.preprocessor is not None:
            raise InvalidParameterError(
                sentence(
                    "The 'preprocessor' parameter of GANEstimator must be None for a table of mixed types.",
                    "Got a transformer. Name encoders of columns with columns={name: encoder} instead.",
                )
            )
        said, rules = resolution.for_tables(self.get_params(deep=False), given)
        conditioning = given["conditioning"]
        asking = Asking() if conditioning is None else conditioning.asking()
        kinds = None if conditioning is None else conditioning.tags().labels
        table = Table(X, said, y, classes, kinds, asking, rules)
        if self.verbose:
            print(table.report)
        return table

    def _finish(self, watch: Watch) -> None:
        """Make the trained networks this estimator's."""
        watch.close()
        self._model_ = watch.model
        self.history_ = watch.history
        self._describe()

    def _describe(self) -> None:
        """Set the public attributes that follow from the model and the encoding."""
        from skgan import resolution
        from skgan.encoding.labels import Classes
        from skgan.encoding.table import Table

        parts, encoding = self._model_.parts, self._encoding_
        self.loss_ = parts.loss
        self.architecture_ = parts.architecture
        self.conditioning_ = parts.conditioning
        self.optimizer_ = parts.optimizer
        self.regularizers_ = parts.regularizers
        self.augmentation_ = parts.augmentations
        self.n_critic_ = parts.n_critic
        self.learning_rate_ = parts.learning_rate
        self.discriminator_learning_rate_ = parts.discriminator_learning_rate
        self.precision_ = self._model_.precision.name
        self.micro_batch_ = self._model_.micro_batch
        self.preprocessor_ = encoding.preprocessor
        self.data_shape_ = encoding.layout.data_shape
        self.n_iter_ = self._model_.step
        self.provenance_ = resolution.provenance(parts)
        self._n_features_out = self._model_.feature_width()
        labels = encoding.labels.of_y if isinstance(encoding, Table) else encoding.labels
        self.label_kind_ = labels.kind
        self.label_shape_ = labels.shape
        scores = self.history_.get("validation/score", [])
        self.__dict__.pop("best_validation_score_", None)
        if not np.isnan(scores).all():
            self.best_validation_score_ = float(np.nanmax(scores))
        self.__dict__.pop("columns_", None)
        if isinstance(encoding, Table):
            self.columns_ = encoding.report
        if isinstance(labels, Classes):
            self.classes_ = labels.classes
            self.class_prior_ = labels.prior
        else:  # of a fit before this one
            self.__dict__.pop("classes_", None)
            self.__dict__.pop("class_prior_", None)

    @contextmanager
    def _as_it_was_on_error(self) -> Iterator[None]:
        """Put every attribute back when the call raises, unless `_finish` has kept what was trained before a Ctrl-C."""
        import torch

        before = dict(vars(self))
        try:
            with torch.inference_mode(False), torch.enable_grad(), memory.explained(self._out_of_memory_in_fit):
                yield
        except BaseException as error:
            kept = isinstance(error, KeyboardInterrupt) and vars(self).get("_model_") is not before.get("_model_")
            if not kept:
                self.__dict__.clear()
                self.__dict__.update(before)
            raise

    def _out_of_memory_in_fit(self) -> tuple[str, str]:
        encoding = vars(self).get("_encoding_")
        shape = "" if encoding is None else f" and samples of shape {tuple(encoding.shape)}"
        smaller = f"Try batch_size={self.batch_size // 2}, or a" if self.batch_size > 1 else "Try a"
        return (
            f"training with batch_size={self.batch_size}{shape}",
            f"The estimator is as it was before this call. {smaller} smaller architecture.",
        )

    def _out_of_memory_on(self, n: int) -> Callable[[], tuple[str, str]]:
        shape = tuple(self._encoding_.shape)
        advice = (
            f"Ask for fewer at a time, for example {n // 2}." if n > 1 else "Free memory of the device, or use another."
        )
        return lambda: (f"{n} rows of shape {shape}", advice)

    # --- using ----------------------------------------------------------------------------------

    @property
    def device_(self) -> str:
        """Where the networks are."""
        from skgan.engine import device_of

        return str(device_of(self.generator_))

    @property
    def generator_(self) -> nn.Module:
        """The generator as training left it."""
        return self._fitted_model().state.generator.module

    @property
    def generator_ema_(self) -> nn.Module:
        """The generator's average, which samples come from."""
        return self._fitted_model().state.average.module

    @property
    def discriminator_(self) -> nn.Module:
        """The discriminator as training left it."""
        return self._fitted_model().state.discriminator.module

    def sample(
        self,
        n_samples: int | None = None,
        y: Any = None,
        *,
        latents: Any = None,
        sampler: Any = None,
        random_state: Any = None,
        return_y: bool = False,
    ) -> Any:
        """Draw samples in the layout, dtype and units of X; without `random_state` the next ones of a stream.

        Parameters
        ----------
        n_samples : int, default=None
            How many, in [1, inf). None means one, or as many as there are `y` or `latents`.
        y : label or array-like of shape (n_samples, ...), default=None
            One label for all rows, or one for each: a class, a number, a row of numbers or of 0 and 1, or an image.
            None draws labels as they were seen: classes and rows of 0 and 1 by their frequencies (rows seen
            once only when none was seen twice), numbers by their distribution. Images must be given. Of a table
            also values of its columns, a dict or a DataFrame: column to a value, to one for each row, to
            ``{value: how many}``, or to a range ``(low, high)`` of numbers, None for no bound. Categories are there
            in every row; numbers are looked for among twelve draws, and moved where none had them.
        latents : array-like of shape (n_samples, latent_dim), default=None
            Latents to use instead of drawing them from the prior.
        sampler : str, Sampler or None, default=None
            How to draw; None takes the estimator's.
        random_state : int, RandomState or None, default=None
            An int or RandomState decides everything; None continues a stream that the fit began, so
            calls differ but a program repeats.
        return_y : bool, default=False
            Whether to return the labels too.

        Returns
        -------
        X : ndarray or DataFrame of shape (n_samples, ...)
            The samples. Columns of whole numbers stay whole, and no value leaves the range that its
            column had in fit. A short draw is the head of a long one.
        y : ndarray or DataFrame of shape (n_samples, ...)
            Their labels, with `return_y`, in the layout, dtype and units of those in fit.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            When `n_samples`, `y` or `latents` cannot be honoured.
        DeviceMemoryError
            When memory does not suffice for as many.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skgan import GANEstimator
        >>> X, y = load_iris(return_X_y=True)
        >>> gan = GANEstimator(max_iter=20, random_state=0).fit(X, y)
        >>> samples, labels = gan.sample(y=[0, 2, 1], return_y=True)
        >>> labels
        array([0, 2, 1])
        """
        from skgan import sampling

        model = self._fitted_model()
        check_value("sample", "random_state", random_state, CONSTRAINTS["random_state"])
        check_value("sample", "return_y", return_y, (Boolean(),), False)
        latents = None if latents is None else sampling.latents_array(latents)
        labels = self._encoding_.labels
        with memory.explained(lambda: ("the rows that y asks for", "Ask for fewer rows at a time.")):
            wish = self._encoding_.wish(y, n_samples)
        if wish is not None:
            n_samples, y = len(wish) if n_samples is None else n_samples, None
        n = _how_many(n_samples, labels.count(y), latents)
        if random_state is None:
            key: seeding.Key = (*model.key, "sample", self._draws_)
        else:
            key = (*model.key, "asked", _drawn_seed(random_state))
        with memory.explained(self._out_of_memory_on(n)):
            values = self._labels_for(n, y, key)
            said = labels.restore(values) if return_y else None
            how = self.sampler if sampler is None else sampler
            if wish is None:
                X = self._draw(model, n, labels.encode(values), latents, how, key)
            else:
                X = wish.fulfilled(values, partial(self._blocks, model, latents=latents, sampler=how), key)
        if random_state is None:
            self._draws_ += 1
        return (X, said) if return_y else X

    def transform(self, X: Any) -> np.ndarray:
        """Return the discriminator's features of X.

        Parameters
        ----------
        X : array-like, tensor or DataFrame of shape (n_samples, ...)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            The last layer before the logit.
        """
        from skgan import sampling

        x = self._encoded(X)
        labels = self._encoding_.labels
        with memory.explained(self._out_of_memory_on(len(x))):
            features = sampling.features(self.discriminator_, x, labels.mean().expand(len(x), *labels.shape))
        return features.numpy().astype(_float_dtype(X))

    def decision_function(self, X: Any, y: Any = None) -> np.ndarray:
        """Return how real X looks to the discriminator: its raw logit, higher for more real.

        Parameters
        ----------
        X : array-like, tensor or DataFrame of shape (n_samples, ...)
            As in `fit`.
        y : label or array-like of shape (n_samples, ...), default=None
            Labels, as `sample` takes them; None averages over the classes, weighted as they were seen, or over
            eight draws of other labels. Images must be given.

        Returns
        -------
        ndarray of shape (n_samples,)
            Logits.
        """
        import torch

        from skgan import sampling

        model = self._fitted_model()
        x = self._encoded(X)
        labels = self._encoding_.labels
        with memory.explained(self._out_of_memory_on(len(x))):
            if y is None and labels.dim:
                weights, rows = labels.typical(seeding.numpy_generator((*model.key, "typical")))
                each = [
                    weight * sampling.logits(self.discriminator_, x, row.expand(len(x), *labels.shape))
                    for weight, row in zip(weights, rows, strict=True)
                ]
                logits = torch.stack(each).sum(0)
            else:
                stored = labels.encode(self._labels_for(len(x), y, model.key))
                logits = sampling.logits(self.discriminator_, x, labels.expand(stored))
        return logits.numpy().astype(_float_dtype(X))

    def score(self, X: Any, y: Any = None) -> float:
        """Return how close samples come to X by the `scoring` metric, higher for closer.

        As many samples are drawn as rows are looked at, at most 2,000 of X at random, with the same
        labels when y is given; columns are compared in the scale the networks see.

        Parameters
        ----------
        X : array-like, tensor or DataFrame of shape (n_samples, ...)
            Real rows, best held out.
        y : array-like of shape (n_samples, ...), default=None
            Their labels; images must be given. The metric sees classes as codes and others as the networks do.

        Returns
        -------
        float
            The metric, or minus it where lower is better. The same for the same model and X.
        """
        from skgan import judging

        self._fitted_model()
        metric = self._scorer()
        return judging.higher_is_better(metric, judging.judge(self, metric, X, y))

    def diagnose(self, X: Any = None, y: Any = None, *, X_held_out: Any = None, y_held_out: Any = None) -> Any:
        """Return what is wrong with the training, in words: the figure, the likely cause, the parameter to change.

        Parameters
        ----------
        X : array-like, tensor or DataFrame of shape (n_samples, ...), default=None
            The rows of `fit`, to compare samples with. None looks at `history_` only.
        y : array-like of shape (n_samples, ...), default=None
            Their labels; without them nobody can tell whether labels are ignored.
        X_held_out, y_held_out : array-like, default=None
            Rows that `fit` did not get, to tell whether the discriminator knows its rows by heart.

        Returns
        -------
        Diagnosis
            A list of findings, empty when nothing looks wrong, that prints as text; ``figures`` has what was measured.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skgan import GANEstimator
        >>> X, y = load_iris(return_X_y=True)
        >>> gan = GANEstimator(max_iter=5, random_state=0).fit(X, y)
        >>> gan.diagnose(X, y).faults
        ['collapse', 'labels ignored']
        """
        from skgan import diagnosis

        self._fitted_model()
        return diagnosis.diagnose(self, X, y, X_held_out, y_held_out)

    def invert(self, X: Any, y: Any = None, *, return_y: bool = False) -> Any:
        """Return latents whose samples come nearest to X, ready for ``sample(latents=...)``.

        Each row starts from the nearest of 64 draws of the prior and takes 200 steps of Adam down the mean squared
        difference, in the scale of the networks. Discrete codes stay what they are in the nearest draw.

        Parameters
        ----------
        X : array-like, tensor or DataFrame of shape (n_samples, ...)
            As in `fit`.
        y : label or array-like of shape (n_samples, ...), default=None
            Labels, as `sample` takes them; None gives each row the label of its nearest draw: any class, or one
            of 64 drawn labels of other kinds. Images must be given.
        return_y : bool, default=False
            Whether to return the labels too; `sample` needs them beside the latents.

        Returns
        -------
        latents : ndarray of shape (n_samples, latent_dim)
            In float32. The same for the same model and row, whatever the other rows are.
        y : ndarray or DataFrame of shape (n_samples, ...)
            The labels, with `return_y`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            When X or y do not look as in `fit`.

        References
        ----------
        .. [1] Zhu, Krähenbühl, Shechtman, Efros, "Generative Visual Manipulation on the Natural Image Manifold",
           ECCV 2016.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skgan import GANEstimator
        >>> X, y = load_iris(return_X_y=True)
        >>> gan = GANEstimator(max_iter=20, latent_dim=8, random_state=0).fit(X, y)
        >>> latents, labels = gan.invert(X[:3], return_y=True)
        >>> latents.shape
        (3, 8)
        >>> gan.sample(latents=latents, y=labels).shape
        (3, 4)
        """
        from skgan import inversion

        model = self._fitted_model()
        x = self._encoded(X)
        key: seeding.Key = (*model.key, "invert")
        labels = self._encoding_.labels
        if return_y and not labels.dim:
            raise ValueError("return_y must be False: GANEstimator was fitted without labels. Got True. Fit with y.")
        values, which = self._labels_to_invert(len(x), y, key)
        with memory.explained(self._out_of_memory_on(len(x))):
            latents, which = inversion.invert(
                model.state.average.module,
                model.prior,
                x,
                labels.expand(labels.encode(values)),
                which,
                model.spec.latent_dim,
                seeding.numpy_generator(key),
            )
        return (latents.numpy(), labels.restore(values[which.numpy()])) if return_y else latents.numpy()

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write the fitted estimator as a directory of JSON and safetensors, with all that training needs.

        Parameters
        ----------
        path : str or Path
            A new directory; parents are made.
        overwrite : bool, default=False
            Whether to replace a model saved before, in one move where the system has that.

        Raises
        ------
        CheckpointExistsError
            When something is there, and it is not a saved model or `overwrite` is False.
        CheckpointWriteError
            When it cannot be written; what was there before stays.
        CheckpointError
            When a part or the preprocessor cannot be described by name; use joblib for those.
        """
        from skgan import checkpoint

        self._fitted_model()
        checkpoint.save(self, path, overwrite)

    @classmethod
    def load(cls, path: str | Path) -> GANEstimator:
        """Return the estimator that `save` wrote; runs no code from the file.

        Parameters
        ----------
        path : str or Path
            The directory.

        Returns
        -------
        GANEstimator
            Fitted; it samples and trains on exactly as the saved one would.

        Raises
        ------
        FileNotFoundError
            When nothing is there.
        CheckpointError
            When it is no saved model, or not what was written.
        """
        from skgan import checkpoint

        found = checkpoint.load(cls, path)
        del found._judged_  # only a fit that is resumed goes back to it
        return found

    def __getstate__(self) -> dict[str, Any]:
        import skgan

        return {**super().__getstate__(), "_skgan_version": skgan.__version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        import skgan

        state = dict(state)
        pickled_by = state.pop("_skgan_version", "unknown")
        if pickled_by != skgan.__version__:
            warnings.warn(
                PickleVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=skgan.__version__,
                    original_sklearn_version=str(pickled_by),
                ),
                stacklevel=2,
            )
        super().__setstate__(state)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    # --- inside ---------------------------------------------------------------------------------

    def _fitted_model(self) -> Model:
        check_is_fitted(self)
        return self._model_

    def _check_parameters(self) -> None:
        """Raise `InvalidParameterError` when a parameter is none of what the table says."""
        check_table("GANEstimator", self.get_params(deep=False), CONSTRAINTS, _DEFAULTS)

    def _checked(self, X: Any, *, reset: bool) -> Any:
        from skgan.encoding.table import Table

        X = as_array(X)
        if self._is_table(X) if reset else isinstance(self._encoding_, Table):
            return check_columns(self, np.asarray(X) if isinstance(X, PickedRows) else X, reset=reset)
        if not reset:
            self._encoding_.layout.check(X)
        return check_X(self, X, reset=reset)

    def _is_table(self, X: Any) -> bool:
        """Say whether X is to be a table of mixed types; refuse what is said of columns where it has none."""
        from skgan.encoding import columns

        said = {name: value for name in ("columns", "constraints") if (value := getattr(self, name)) is not None}
        rules = said.get("constraints")
        if isinstance(rules, list | tuple | np.ndarray) and not len(rules):
            del said["constraints"]
        if said and X.ndim > 2:
            raise InvalidParameterError(
                sentence(
                    f"The {next(iter(said))!r} parameter of GANEstimator must be None where X is no table.",
                    f"Got one, and X of {X.ndim} dimensions. Leave it out, or give rows and columns.",
                )
            )
        return columns.is_table(X, {} if said else None)

    def _encoded(self, X: Any) -> Tensor:
        """Return X as the networks see it, `(n, *shape)`, on the CPU."""
        self._fitted_model()
        encoding = self._encoding_
        return encoding.scaling.expand(encoding.encode(self._checked(X, reset=False)))

    def _labels_for(self, n: int, y: Any, key: seeding.Key) -> np.ndarray:
        """Return the values of n labels for y, drawn with `key` when y is None."""
        labels = self._encoding_.labels
        if y is None:
            return labels.draw(n, seeding.numpy_generator((*key, "y")))
        values = self._encoding_.label_values(labels.repeated(y, n), n)
        known = labels.known(labels.encode(values))
        if not known.all():
            raise ValueError(
                sentence(
                    "y must hold a label in each row.",
                    f"Got a missing one, first at row {int(known.int().argmin())}.",
                    "Leave y out to draw labels.",
                )
            )
        return values

    def _labels_to_invert(self, n: int, y: Any, key: seeding.Key) -> tuple[np.ndarray, Tensor | None]:
        """Return labels to choose from and, when y says so, which of them each of n rows has."""
        import torch

        from skgan.inversion import STARTS

        if y is not None:
            values, which = np.unique(self._labels_for(n, y, key), axis=0, return_inverse=True)
            return values, torch.from_numpy(which.reshape(-1))
        labels = self._encoding_.labels
        if labels.kind == "classes" and not labels.conditional:
            return np.arange(labels.dim, dtype=np.int32), None
        return self._labels_for(STARTS if labels.dim else 1, None, key), None

    def _draw(self, model: Model, n: int, stored: Tensor, latents: Any, sampler: Any, key: seeding.Key) -> Any:
        """Return n samples of `model` with stored labels, the way X came."""
        return self._encoding_.finished(self._blocks(model, n, stored, latents, sampler, key), stored, key)

    def _blocks(self, model: Model, n: int, stored: Tensor, latents: Any, sampler: Any, key: seeding.Key) -> list[Any]:
        """Return n samples of `model` with stored labels, made block by block, so memory is bounded."""
        from tqdm.auto import tqdm

        from skgan import resolution, sampling

        encoding = self._encoding_
        sampler = resolution.sampler(sampler, model.parts, model.spec, model.prior)
        candidates = 1 if sampler is None else sampler.candidates
        rng = seeding.numpy_generator((*key, "z"))
        network = model.state.average.module
        draw: Callable[[slice], Tensor]
        if latents is None:
            draw = partial(sampling.draw_latents, model.spec.latent_dim, model.prior, rng, candidates)
        else:
            given = sampling.as_latents(latents, n, model.spec.latent_dim, candidates)
            draw = given.__getitem__
        if sampler is not None:
            networks = network, model.state.discriminator.module
            z = draw(slice(0, n))
            labels = encoding.labels.expand(stored)
            return [encoding.drawn(sampling.draw_with(sampler, *networks, z, labels, key, model.spec.shape))]
        device = model.state.device
        chunk = sampling.CHUNK_OF_TABLES if model.spec.columns else sampling.chunk_rows(device, model.spec.n_values)
        blocks = sampling.blocks(n, chunk, model.spec.n_values)
        own = key if latents is None else ("given",)
        # a generator of tables may say codes instead of spans, of which nobody looks at all entries
        decided = getattr(network, "decided", None) if model.spec.columns else None
        run, taken = (network, encoding.drawn) if decided is None else (decided, encoding.decided)
        chance = sampling.Chance(partial(model.precision.run, run), own, device)

        def generator(z: Tensor, of_rows: Tensor) -> Tensor:
            return chance(z, encoding.labels.expand(of_rows))

        pieces = []
        bar = tqdm(sampling.ahead(draw, blocks), total=len(blocks), disable=not self.verbose or len(blocks) == 1)
        for rows, z in zip(blocks, bar, strict=True):
            pieces.append(taken(sampling.generate(generator, z, stored[rows], network, chunk)))
        return pieces

    def _preview(self, seen: Tensor, model: Model, n_samples: int, y: Any = None) -> Any:
        """Return samples of a model in training, always from the same latents; for `seen` where y is images."""
        key = (*model.key, "preview")
        labels = self._encoding_.labels
        if y is None and labels.kind == "image":
            stored = seen[[row % len(seen) for row in range(n_samples)]].cpu()
        else:
            stored = labels.encode(self._labels_for(n_samples, y, key))
        return self._draw(model, n_samples, stored, None, None, key)

    def _redrawn(self, model: Model, stored: Tensor) -> Tensor:
        """Return samples of a model for stored labels, as a user gets them and the networks see them."""
        X = self._draw(model, len(stored), stored, None, None, (*model.key, "watch"))
        return self._encoding_.scaling.expand(self._encoding_.encode(self._checked(X, reset=False)))

    def _scorer(self) -> Any:
        """Return the metric or callable that decides: the first of `scoring`."""
        from skgan import judging

        return next(iter(judging.scorers(self.scoring).values()))

    def _structure(self) -> dict[str, str]:
        """Return what must stay as it is while one training goes on, as text."""
        params = self.get_params(deep=False)
        return {name: repr(value) for name, value in params.items() if name not in _FREE_WHILE_CONTINUING}

    def _seed_asked_for(self) -> int | None:
        """Return the seed of a fit from the start, where that is a setting."""
        return _drawn_seed(self.random_state) if isinstance(self.random_state, int | np.integer) else None

    def _refuse_changed_parameters(self) -> None:
        now = self._structure()
        for name, before in self._fitted_with_.items():
            if now.get(name, before) != before:  # what may change now was fixed in older versions
                raise InvalidParameterError(
                    sentence(
                        f"The {name!r} parameter of GANEstimator must stay {before[:80]} while training goes on.",
                        f"Got {now[name][:80]}. Set it back, or call fit with warm_start=False to start again.",
                    )
                )


_DEFAULTS = {name: parameter.default for name, parameter in inspect.signature(GANEstimator.__init__).parameters.items()}


def _float_dtype(X: Any) -> str:
    """Return the float type of results about X: float32 for float32, otherwise float64."""
    return "float32" if str(getattr(X, "dtype", "")).endswith("float32") else "float64"


def _drawn_seed(random_state: Any) -> int:
    """Return a seed; without a random state one from the operating system, so that NumPy's global stays as it is."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31 - 1))
    return int(check_random_state(random_state).randint(2**31 - 1))


def _how_many(n_samples: Any, n_labels: int | None, latents: np.ndarray | None) -> int:
    """Return the number of samples asked for, or refuse it."""
    lengths = [] if n_labels is None else [n_labels]
    if latents is not None and latents.ndim:
        lengths.append(len(latents))
    if n_samples is None:
        n = lengths[0] if lengths else 1
    else:
        if not Integer(1).accepts(n_samples):
            whole = isinstance(n_samples, int | np.integer) and not isinstance(n_samples, bool)
            raise (ValueError if whole or isinstance(n_samples, float) else TypeError)(
                sentence(
                    f"n_samples must be {Integer(1)} or None. Got {shown(n_samples)}.",
                    "Ask for at least one sample, for example sample(10).",
                )
            )
        n = int(n_samples)
    if any(length != n for length in lengths):
        raise ValueError(
            sentence(
                f"n_samples, y and latents must agree in length. Got n_samples={n} and lengths {lengths}.",
                "Leave n_samples out to get one sample for each.",
            )
        )
    if n < 1:
        what = "latents must hold at least one row" if latents is not None else "y must hold at least one label"
        raise ValueError(f"{what}. Got none. Ask for at least one sample.")
    return n
