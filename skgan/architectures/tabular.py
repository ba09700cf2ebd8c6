"""Networks for tables: residual blocks, heads for each column, packs of rows."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Architecture, Boolean, Choice, Conditioning, Critique, DataSpec, Integer, Real, Tags
from skgan.layers import Dropout, LayerNorm, Marks, NoEmbedding, Spans, joined

NAMES = {"tabular": "Tabular"}


class Tabular(Architecture):
    r"""Blocks that keep their input beside what they make of it, a tanh or a Gumbel-softmax for each column.

    .. math:: h_{l+1} = [\mathrm{act}(\mathrm{norm}(W_l h_l)), h_l]

    in the generator. The discriminator judges `pac` rows at once, so that it sees how rows differ; outside of training
    a row is packed with itself.

    Parameters
    ----------
    width : int, default=256
        Width of the hidden layers, in [1, inf).
    depth : int, default=2
        Hidden layers of each network, in [1, inf).
    norm : {"batch", "layer", "none"}, default="none"
        Normalisation in the generator; "batch" is the conditioning's own.
    slope : float, default=0.2
        Slope of the leaky ReLU below zero, in [0, 1), in the discriminator; and in a generator without batch
        normalisation.
    dropout : float, default=0.0
        Rate of dropout in the discriminator, in [0, 1).
    temperature : float, default=0.5
        Of the Gumbel-softmax, in (0, inf).
    hard : bool, default=True
        Whether samples are decided in training too; the gradient is then that of the undecided ones.
    write : bool, default=True
        Whether values asked for are written into the samples in training too.
    pac : int, default=1
        Rows that the discriminator judges at once, in [1, inf); a batch must hold a multiple of them.

    References
    ----------
    .. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.4.
    .. [2] Lin et al., "PacGAN: The power of two samples in generative adversarial networks", NeurIPS 2018.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="tabular").set_params(architecture__pac=10)
    GANEstimator(architecture=Tabular(pac=10))
    """

    constraints = {
        "width": (Integer(1),),
        "depth": (Integer(1),),
        "norm": (Choice("batch", "layer", "none"),),
        "slope": (Real(0.0, 1.0),),
        "dropout": (Real(0.0, 1.0),),
        "temperature": (Real(0.0, closed="neither"),),
        "hard": (Boolean(),),
        "write": (Boolean(),),
        "pac": (Integer(1),),
    }

    def __init__(
        self,
        width: int = 256,
        depth: int = 2,
        norm: str = "none",
        slope: float = 0.2,
        dropout: float = 0.0,
        temperature: float = 0.5,
        hard: bool = True,
        write: bool = True,
        pac: int = 1,
    ):
        self.width = width
        self.depth = depth
        self.norm = norm
        self.slope = slope
        self.dropout = dropout
        self.temperature = temperature
        self.hard = hard
        self.write = write
        self.pac = pac

    def tags(self) -> Tags:
        """Return that labels must be vectors, and that packed rows are judged together."""
        labels = ("none", "classes", "multilabel", "continuous")
        return Tags(kinds=("vector",), labels=labels, rows_at_once=self.pac)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, *shape)`."""
        return _Generator(self, spec, conditioning)

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique`` with logits `(n / pac,)` in training and `(n,)` otherwise."""
        return _Discriminator(self, spec, conditioning)

    def defaults(self, spec: DataSpec) -> dict:
        """Return a fast Adam; docs/benchmarks.md says why."""
        return {"optimizer": ("adam", {"betas": (0.0, 0.99)}), "learning_rate": 1e-3}

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks, plain and as in the paper."""
        return [{"width": 16}, {"width": 16, "norm": "batch", "hard": False}]


class _Generator(nn.Module):
    def __init__(self, part: Tabular, spec: DataSpec, conditioning: Conditioning):
        super().__init__()
        self.embed = conditioning.embed(spec)
        self.conditions = spec.condition_dim if part.write else 0
        #: last entries of an embedded label of which hardly any is not 0
        self.marks = spec.condition_dim if isinstance(self.embed, NoEmbedding) else 0
        width = spec.latent_dim + self.embed.out_features
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        for _ in range(part.depth):
            # batch normalisation takes a shift of every row away again
            self.layers.append(nn.Linear(width, part.width, bias=part.norm != "batch"))
            if part.norm != "none":
                norm = conditioning.modulation(part.width, spec) if part.norm == "batch" else LayerNorm(part.width)
                self.norms.append(norm)
            width += part.width
        self.activation = nn.ReLU(inplace=True) if part.norm == "batch" else nn.LeakyReLU(part.slope, inplace=True)
        self.out = nn.Linear(width, spec.n_values)
        columns = spec.columns or [(spec.n_values, 0, 0)]
        self.spans = Spans(columns, part.temperature, part.hard) if spec.columns or spec.bounded else None
        self.shape = spec.shape

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return samples `(n, *shape)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        raw = self._raw(z, y)
        if self.spans is None:
            return raw.unflatten(1, self.shape)
        return self.spans(raw, y[:, -self.conditions :] if self.conditions else None)

    def decided(self, z: Tensor, y: Tensor) -> Tensor:
        """Return samples of a table with the code of each span in its place, `(n, numbers + spans)` float32."""
        assert self.spans is not None
        asked = Marks.of(y[:, -self.conditions :]) if self.conditions else None
        return self.spans.decided(self._raw(z, y, asked), asked)

    def _raw(self, z: Tensor, y: Tensor, asked: Marks | None = None) -> Tensor:
        e = self.embed(y)
        inputs: list[Tensor | Marks] = [z, *self._told(e, asked)]
        for place, layer in enumerate(self.layers):
            assert isinstance(layer, nn.Linear)
            new = joined(layer, inputs)
            if len(self.norms):
                new = self.norms[place](new, e)
            inputs = [self.activation(new), *inputs]
        return joined(self.out, inputs)

    def _told(self, e: Tensor, asked: Marks | None) -> list[Tensor | Marks]:
        """Return embedded labels; by their marks where samples are drawn, since hardly any value is asked for."""
        if self.training or torch.is_grad_enabled() or e.is_cuda or not self.marks:
            return [e]
        own = e.shape[1] - self.marks
        marks = Marks.of(e[:, own:]) if asked is None else asked
        return [e[:, :own], marks] if own else [marks]


class _Discriminator(nn.Module):
    def __init__(self, part: Tabular, spec: DataSpec, conditioning: Conditioning):
        super().__init__()
        self.embed = conditioning.embed(spec)
        self.pac = part.pac
        width = (spec.n_values + self.embed.out_features) * part.pac
        layers: list[nn.Module] = []
        for _ in range(part.depth):
            layers += [nn.Linear(width, part.width), nn.LeakyReLU(part.slope)]
            layers += [Dropout(part.dropout)] if part.dropout else []
            width = part.width
        self.stack = nn.Sequential(*layers)
        self.head = conditioning.head(part.width, spec)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of samples `(n, *shape)` with labels `(n, label_dim)`."""
        e = self.embed(y)
        rows = torch.cat([x, e], 1)
        if self.pac > 1:
            rows, e = (_packed(rows, self.pac), _packed(e, self.pac)) if self.training else (rows, e)
            rows = rows.flatten(1) if self.training else rows.repeat(1, self.pac)
            e = e.mean(1) if self.training else e
        return self.head(self.stack(rows), e)


def _packed(rows: Tensor, pac: int) -> Tensor:
    """Return packs of rows `(ceil(n / pac), pac, width)`; the last one is filled up from the first rows."""
    n = len(rows)
    if missing := -n % pac:
        rows = rows[torch.arange(n + missing, device=rows.device) % n]
    return rows.unflatten(0, (-1, pac))
