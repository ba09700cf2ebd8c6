"""Tables of mixed types: each column by an encoder of its own, a row as a record of bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor

from skgan.encoding import column_kinds, columns, dependence, tried
from skgan.encoding import labels as label_encoding
from skgan.encoding.columns import Coded, Column
from skgan.encoding.table_labels import TableLabels
from skgan.encoding.wishes import Wish, names_columns
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Asking, ColumnSpec, Constraint, DataSpec, Encoder
from skgan.seeding import Key, numpy_generator
from skgan.validation import as_pandas, did_you_mean, listed, sentence

#: rows of a table in a file that encoders learn from; and bytes of records from which they are kept in a file too
LEARNED_FROM, LARGEST_IN_MEMORY = 100_000, 2**30
#: what stands for all columns where a user names them
EVERY = "*"


class Table:
    """Everything learned from a table and y about how they look.

    A row is kept as a record: float32 numbers, then codes of int16, or int32 where a column has many categories. The
    networks see the numbers and one-hot spans, made from records a batch at a time.

    Parameters
    ----------
    X : DataFrame or array of shape (n, columns)
        The table.
    said : mapping
        Kinds or encoders of columns that the user named.
    y, classes, kinds
        As for `skgan.encoding.labels.learn`.
    asking : Asking
        Whether the networks are told of values of the rows.
    constraints : list of Constraint
        Rules that samples keep.
    """

    kind = "vector"
    preprocessor = None

    def __init__(
        self,
        X: Any,
        said: Mapping[Any, Any],
        y: Any,
        classes: Any,
        kinds: tuple[str, ...] | None,
        asking: Asking,
        constraints: list[Constraint],
    ):
        n = len(X)
        if hasattr(X, "chunks_of_rows"):
            X = X.some_rows(LEARNED_FROM)
        found = columns.read(X)
        self.names = columns.names_of(X)
        self.frame = hasattr(X, "iloc")
        every = None if EVERY in self.names else said.get(EVERY)
        _refuse_unknown(said, self.names)
        chosen = [column_kinds.chosen(column, said.get(column.name), every) for column in found]
        self.kinds = [kind for kind, _ in chosen]
        self.encoders: list[Encoder] = []
        read: list[np.ndarray] = []
        for column, (_, encoder) in zip(found, chosen, strict=True):
            read.append(column_kinds.as_the_encoder_reads(column, encoder))
            self.encoders.append(tried.encoder(clone(encoder), read[-1]))
        codes = [
            encoder.encode(values)[1] if encoder.width and not encoder.numbers else None
            for encoder, values in zip(self.encoders, read, strict=True)
        ]
        self.follows = dependence.found(codes, [name in said for name in self.names])
        self.like = [_without_rows(*each) for each in zip(found, self.encoders, strict=True)]
        self._tell([column_kinds.told(*each) for each in zip(found, self.kinds, self.encoders, strict=True)])
        self._lay_out()
        self._warn()
        of_y = label_encoding.learn(y, n, classes, kinds)
        counts: list[np.ndarray] = []
        if asking.share:
            of_rows = self._codes(read)
            counts = [np.bincount(of_rows[i], minlength=self.widths[i]) for i in range(len(self.widths))]
        self.labels = TableLabels(of_y, counts, asking.share >= 1)
        named = dict(zip(self.names, read, strict=True))
        self.constraints = [tried.rule(clone(rule), named) for rule in constraints]

    # --- what the networks see ----------------------------------------------------------------------

    @property
    def layout(self) -> Table:
        """Itself: a table's outside is what its columns are."""
        return self

    @property
    def scaling(self) -> Table:
        """Itself: records are expanded here."""
        return self

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of a row, as it came."""
        return (len(self.names),)

    @property
    def n_features(self) -> int:
        """Columns."""
        return len(self.names)

    def spec(self, latent_dim: int, codes: dict[str, Any]) -> DataSpec:
        """Return what the networks must know."""
        labels = self.labels
        kind = "multilabel" if labels.condition_dim else labels.kind
        return DataSpec(
            self.kind,
            self.shape,
            False,
            kind,
            labels.dim,
            latent_dim,
            label_shape=labels.shape,
            columns=self.specs,
            condition_dim=labels.condition_dim,
            **codes,
        )

    def check(self, X: Any = None) -> None:
        """Refuse X of another number of axes; without X what was loaded, when a row does not find its way."""
        if X is not None:
            return
        row = self.assembled(self.decoded(self.drawn(torch.zeros(1, *self.shape)), ("check",)))
        if self.expand(self.encode(row)).shape[1:] != self.shape:
            raise ValueError("the steps of the encoding differ in shape")

    def encode(self, X: Any, key: Key | None = None) -> Tensor:
        """Return a table as records, `(n, bytes)`; with a key as it is trained on, without one always the same.

        Warns of columns with values that they did not have in fit.
        """
        strange = np.zeros(len(self.names), int)
        found = self._of_chunks(X, key, strange) if hasattr(X, "chunks_of_rows") else self._records(X, key, strange)
        for place in np.nonzero(strange)[0].tolist():
            column_kinds.warn_of_unknown(self.names[place], int(strange[place]), len(X))
        return found

    def _records(self, X: Any, key: Key | None, strange: np.ndarray) -> Tensor:
        found = columns.read(X)
        read = [
            column_kinds.as_the_encoder_reads(self._same(column, like, encoder), encoder)
            for column, like, encoder in zip(found, self.like, self.encoders, strict=True)
        ]
        strange += [encoder.strange(own).sum() for encoder, own in zip(self.encoders, read, strict=True)]
        numbers = np.empty((len(X), self.n_numbers), np.float32)
        codes = np.empty((len(X), len(self.widths)), self._code_type)
        number, span = 0, 0
        for place in self.shown:
            encoder = self.encoders[place]
            rng = None if key is None else numpy_generator((*key, "column", place))
            own_numbers, own_codes = encoder.encode(read[place], rng)
            numbers[:, number : number + encoder.numbers] = own_numbers
            number += encoder.numbers
            if encoder.width:
                codes[:, span] = own_codes
                span += 1
        return torch.from_numpy(self._packed(numbers, codes))

    def expand(self, records: Tensor) -> Tensor:
        """Return records as the networks see them, `(n, *shape)`, on their device."""
        numbers = records[:, : 4 * self.n_numbers].view(torch.float32)
        if not self.widths:
            return numbers.contiguous()
        codes = self.codes(records).long()
        starts = torch.tensor(self._starts, device=records.device)
        spans = torch.zeros(len(records), sum(self.widths), device=records.device)
        return torch.cat([numbers, spans.scatter_(1, codes + starts, 1.0)], 1)

    def codes(self, records: Tensor) -> Tensor:
        """Return the codes of records, `(n, spans)`, without copying them."""
        first = 4 * self.n_numbers
        dtype = torch.int16 if self._code_type == np.int16 else torch.int32
        return records[:, first : first + len(self.widths) * dtype.itemsize].view(dtype)

    def drawn(self, x: Tensor) -> Tensor:
        """Return samples `(n, *shape)` as records: the largest entry of a span is its code."""
        spans = x[:, self.n_numbers :].split(self.widths, 1) if self.widths else []
        codes = [span.argmax(1, keepdim=True).float() for span in spans]
        return self.decided(torch.cat([x[:, : self.n_numbers].float(), *codes], 1))

    def decided(self, rows: Tensor) -> Tensor:
        """Return samples with codes in the place of spans, `(n, numbers + spans)` float32, as records."""
        found = rows.cpu().numpy()
        numbers = np.clip(found[:, : self.n_numbers], -1, 1)
        return torch.from_numpy(self._packed(numbers, found[:, self.n_numbers :].astype(self._code_type)))

    def decoded(self, records: Tensor, key: Key, asked: np.ndarray | None = None) -> dict[int, np.ndarray]:
        """Return the columns of records by their place, with the codes asked for written in; as for `_decoded`."""
        told = self._decoded(records, key, asked).items()
        values = {place: column.spread() if isinstance(column, Coded) else column for place, column in told}
        return self._kept_to_the_rules(values, key)

    def _decoded(self, records: Tensor, key: Key, asked: np.ndarray | None) -> dict[int, np.ndarray | Coded]:
        """Return the columns of records by their place, with the codes asked for written in.

        Parameters
        ----------
        records : Tensor
            Of samples or of rows.
        key : tuple
            Of the values drawn for categories that several share.
        asked : array of shape (n, spans), optional
            Asked codes, -1 where none is.
        """
        n = len(records)
        numbers = records[:, : 4 * self.n_numbers].view(torch.float32).numpy()
        codes = self.codes(records).numpy()
        if asked is not None and asked.shape[1]:
            codes = np.where(asked >= 0, asked, codes)
        values: dict[int, np.ndarray | Coded] = {}
        kept: dict[int, np.ndarray] = {}
        number, span = 0, 0
        for place in self.shown:
            encoder = self.encoders[place]
            own = np.zeros(n, np.int64)
            if encoder.width:
                own = codes[:, span].astype(np.int64)
                span += 1
            kept[place] = own
            values[place] = self._column(place, numbers[:, number : number + encoder.numbers], own, key)
            number += encoder.numbers
        nothing = np.zeros((n, 0), np.float32)
        for place in range(len(self.encoders)):
            if place in self.follows:
                source, mapping = self.follows[place]
                own = mapping[kept[source]]
            elif place not in kept:
                own = np.zeros(n, np.int64)
            else:
                continue
            values[place] = self._column(place, nothing, own, key)
        return values

    def _column(self, place: int, numbers: np.ndarray, codes: np.ndarray, key: Key) -> np.ndarray | Coded:
        """Return a decoded column, by its codes where they say all."""
        encoder = self.encoders[place]
        values = encoder.values_of_codes()
        if values is not None:
            return Coded(values, codes)
        column = encoder.decode(numbers, codes, numpy_generator((*key, "column", place)))
        return tried.decoded(encoder, column, len(codes))

    def finished(self, blocks: list[Tensor], stored: Tensor, key: Key) -> Any:
        """Return all blocks of samples as a table, with the values that stored labels ask for."""
        codes = stored[:, self.labels.n_values :].numpy() if self.labels.condition_dim else None
        records = torch.cat(blocks)
        return self.assembled(
            self.decoded(records, key, codes) if self.constraints else self._decoded(records, key, codes)
        )

    def assembled(self, values: Mapping[int, np.ndarray | Coded]) -> Any:
        """Return columns by their place as a table, in the types that the columns had."""
        told = {i: self._as_it_came(i, column) for i, column in values.items()}
        return columns.written(self.names, told, self.like, self.frame)

    def stored_bytes(self, X: Any) -> int | None:
        """Return None: records of a table are kept in a few bytes each, or in a file."""
        return None

    def stored(self, X: Any, y: Any, key: Key) -> tuple[Tensor, Tensor]:
        """Return rows and labels to train on, as they are kept."""
        records = self.encode(X, key)
        return records, self.encode_labels(y, len(X), records)

    def order(self, labels: Tensor, asking: Asking, batch_size: int, key: Key, device: torch.device) -> Any:
        """Return in which order rows come, and which of their values the networks are told of."""
        if not self.labels.condition_dim:
            return None
        from skgan.row_orders import AskedRows  # which knows the data set, as encodings do not

        first = self.labels.n_values
        return AskedRows(labels[:, first:], self.widths, asking, first, batch_size, key, device)

    def wish(self, y: Any, n_samples: int | None) -> Wish | None:
        """Return what is asked for when y names columns, None where y is labels."""
        y = as_pandas(y, "y")
        labels = hasattr(y, "iloc") and list(getattr(y, "columns", ())) == getattr(self.labels.of_y, "columns", None)
        return Wish(self, y, n_samples) if names_columns(y) and not labels else None

    def encode_labels(self, y: Any, n: int, records: Tensor | None = None) -> Tensor:
        """Return n labels as they are kept, with all codes of the rows."""
        labels = self.labels
        own = labels.of_y.encode(self._values_of_y(y, n))
        if not labels.condition_dim:
            return labels.kept(own, torch.zeros(n, 0, dtype=torch.int32))
        assert records is not None
        return labels.kept(own, self.codes(records))

    def label_values(self, y: Any, n: int) -> np.ndarray:
        """Return n labels, checked, with nothing asked for."""
        codes = np.full((n, len(self.labels.widths)), -1)
        return self.labels.joined(self._values_of_y(y, n), codes)

    # --- keeping ------------------------------------------------------------------------------------

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return what was learned; encoders and rules are described by whoever knows their names."""
        told = []
        for place, (column, encoder) in enumerate(zip(self.like, self.encoders, strict=True)):
            arrays |= {f"table.{place}.{name}": np.asarray(a) for name, a in encoder.learned().items()}
            source, mapping = self.follows.get(place, (None, None))
            if mapping is not None:
                arrays[f"table.{place}.follows"] = mapping
            told.append(
                {
                    "holds": column.holds,
                    "dtype": column.dtype,
                    "kind": self.kinds[place],
                    "encoder": encoder,
                    "categories": column.categories,
                    "follows": source,
                    "distinct": self.report[place].distinct,
                    "missing": self.report[place].missing,
                }
            )
        rules = []
        for place, rule in enumerate(self.constraints):
            arrays |= {f"table.rule{place}.{name}": np.asarray(a) for name, a in rule.learned().items()}
            rules.append(rule)
        return {
            "table": told,
            "names": self.names,
            "frame": self.frame,
            "labels": self.labels.state(arrays),
            "constraints": rules,
        }

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Table:
        """Return the table that `state` described, with encoders and rules as objects."""
        self = cls.__new__(cls)
        self.names, self.frame = columns.names_read(config["names"]), bool(config["frame"])
        told = config["table"]
        if len(told) != len(self.names) or not told:
            raise ValueError("the columns differ in number")
        columns.check_names(self.names)
        self.like = [_column(n, each) for n, each in zip(self.names, told, strict=True)]
        self.kinds = [str(each["kind"]) for each in told]
        self.encoders, self.follows = [], {}
        for place, each in enumerate(told):
            own = _under(f"table.{place}.", arrays)
            if each["follows"] is not None:
                self.follows[place] = (int(each["follows"]), own.pop("follows"))
            each["encoder"].restore(own)
            self.encoders.append(each["encoder"])
        dependence.check(self.follows, [encoder.width for encoder in self.encoders])
        figures = [(int(each["distinct"]), float(each["missing"])) for each in told]
        lines = zip(self.names, self.kinds, self.encoders, figures, strict=True)
        self._tell([column_kinds.line(name, kind, encoder, *two) for name, kind, encoder, two in lines])
        self._lay_out()
        self.labels = TableLabels.from_state(config["labels"], arrays)
        if self.labels.widths not in ([], self.widths):
            raise ValueError("the conditions are of other columns")
        self.constraints = config["constraints"]
        for place, rule in enumerate(self.constraints):
            rule.restore(_under(f"table.rule{place}.", arrays))
        return self

    def _of_chunks(self, X: Any, key: Key | None, strange: np.ndarray) -> Tensor:
        """Return the records of a table in a file, in memory or in a file without a name."""
        width = self._records(X.first.iloc[:1], None, strange.copy()).shape[1]
        if len(X) * width <= LARGEST_IN_MEMORY:
            records = np.empty((len(X), width), np.uint8)
        else:
            with tempfile.TemporaryFile() as file:  # the map stays when the name is gone
                records = np.memmap(file, np.uint8, "w+", shape=(len(X), width))
        start = 0
        for number, chunk in enumerate(X.chunks_of_rows()):
            own = self._records(chunk, None if key is None else (*key, "chunk", number), strange).numpy()
            records[start : start + len(own)] = own
            start += len(own)
        return torch.from_numpy(records)

    # --- inside -------------------------------------------------------------------------------------

    def _tell(self, lines: list[column_kinds.Told]) -> None:
        """Set the report, with the columns that follow from another."""
        for place, (source, _) in self.follows.items():
            lines[place] = replace(lines[place], note=f"follows from {self.names[source]}")
        self.report = column_kinds.Report(lines)

    def _lay_out(self) -> None:
        """Set which columns the networks see, and where."""
        self.shown = [
            place
            for place, encoder in enumerate(self.encoders)
            if place not in self.follows and encoder.numbers + encoder.width
        ]
        seen = [self.encoders[place] for place in self.shown]
        if not seen:
            raise ValueError("X must have a column whose values differ. Got only constants and ids. Add one.")
        self.specs = tuple(ColumnSpec(e.numbers, e.width, e.alone if e.numbers and e.width else 0) for e in seen)
        self.n_numbers = sum(spec.numbers for spec in self.specs)
        self.widths = [spec.width for spec in self.specs if spec.width]
        self._starts = [sum(self.widths[:span]) for span in range(len(self.widths))]
        self.shape = (self.n_numbers + sum(self.widths),)
        self._code_type = np.int16 if max(self.widths, default=0) < 2**15 else np.int32

    def _codes(self, read: list[np.ndarray]) -> list[np.ndarray]:
        return [self.encoders[place].encode(read[place])[1] for place in self.shown if self.encoders[place].width]

    def _packed(self, numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return numbers and codes as the bytes of records, a multiple of four each."""
        raw = np.concatenate([numbers.view(np.uint8), codes.view(np.uint8)], 1)
        return np.concatenate([raw, np.zeros((len(raw), -raw.shape[1] % 4), np.uint8)], 1)

    def span_of(self, place: int) -> int:
        """Return which span a column has, -1 where it has none."""
        if place not in self.shown or not self.encoders[place].width:
            return -1
        before = self.shown[: self.shown.index(place)]
        return sum(1 for other in before if self.encoders[other].width)

    def place_of(self, name: Any) -> int:
        """Return the place of the column that a user names, or refuse the name."""
        if name in self.names:
            return self.names.index(name)
        raise ValueError(
            sentence(
                f"y must name columns of X: {listed(self.names, 8)}. Got {str(name)[:60]!r}.",
                did_you_mean(str(name), map(str, self.names)) or "Ask for one of them.",
            )
        )

    def _values_of_y(self, y: Any, n: int) -> np.ndarray:
        if y is None and self.labels.of_y.dim:
            raise ValueError(
                sentence(
                    "y must be given: GANEstimator was fitted with labels. Got None.",
                    "Pass y, or fit with conditioning=None.",
                )
            )
        return self.labels.of_y.values(y, n)

    def _same(self, column: Column, like: Column, encoder: Encoder) -> Column:
        """Return a column the way it came in fit, or refuse it."""
        numbers = like.holds in (columns.NUMBER, columns.TIME, columns.SPAN)
        if numbers == (column.values.dtype.kind == "f"):
            return column
        if numbers and all(value is None for value in column.values):
            return replace(column, values=np.full(len(column.values), np.nan))
        if not numbers and np.isnan(column.values).all():
            return replace(column, values=np.full(len(column.values), None))
        if not numbers and like.dtype == "object":  # of cells of several types, which are all numbers in these rows
            cells = replace(column, values=columns.as_cells(column.values))
            if not encoder.strange(cells.values).all():
                return cells
        raise ValueError(
            sentence(
                f"X must hold in column {str(like.name)[:60]!r} what it held in fit: {like.dtype}.",
                f"Got {column.dtype}. Convert the column.",
            )
        )

    def _as_it_came(self, place: int, values: Any) -> Any:
        """Return decoded values as numbers where the column holds numbers and its encoder has categories."""
        if isinstance(values, Coded):
            return replace(values, values=self._as_it_came(place, values.values))
        if self.like[place].holds in (columns.NUMBER, columns.TIME, columns.SPAN) and values.dtype.kind != "f":
            return np.array([np.nan if value is None else value for value in values], np.float64)
        return values

    def _kept_to_the_rules(self, values: dict[int, np.ndarray], key: Key) -> dict[int, np.ndarray]:
        if not self.constraints:
            return values
        named = {self.names[i]: self._as_it_came(i, column) for i, column in values.items()}
        for place, rule in enumerate(self.constraints):
            mended = rule.enforce(dict(named), numpy_generator((*key, "rule", place)))
            named = tried.enforced(rule, mended, named)
        return {i: named[self.names[i]] for i in values}

    def _warn(self) -> None:
        for column, encoder, line in zip(self.like, self.encoders, self.report, strict=True):
            levels = getattr(encoder, "levels_", None)
            if levels is not None and len(levels.rare):
                column_kinds.warn_of_many(column, line.distinct, len(levels.values))


def _refuse_unknown(said: Mapping[Any, Any], names: list[Any]) -> None:
    if EVERY not in names and isinstance(said.get(EVERY), str):
        raise InvalidParameterError(
            sentence(
                f"The 'columns' parameter of GANEstimator must give {EVERY!r}, all columns, an encoder.",
                f"Got the kind {said[EVERY]!r}. Name an encoder, or the columns of that kind.",
            )
        )
    unknown = [name for name in said if name not in names and name != EVERY]
    if unknown:
        raise ValueError(
            sentence(
                f"columns must name columns of X: {listed(names, 8)}. Got {listed(unknown, 3)}.",
                did_you_mean(str(unknown[0]), map(str, names)) or "Leave it out to let the values decide.",
            )
        )


def _without_rows(column: Column, encoder: Encoder) -> Column:
    """Return what a column is without its values, and without the categories that its encoder suppresses."""
    categories = column.categories
    if categories is not None and getattr(encoder, "least", False):
        kept = set(encoder.levels_.values) | set(encoder.levels_.rare)
        categories = [value for value in categories if value in kept]
    return replace(column, values=column.values[:0], categories=categories)


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _column(name: Any, told: Mapping[str, Any]) -> Column:
    holds, dtype = told["holds"], told["dtype"]
    if holds not in (columns.NUMBER, columns.FLAG, columns.TIME, columns.SPAN, columns.OTHER):
        raise ValueError("a column holds something that columns do not")
    if not isinstance(dtype, str) or len(dtype) > 100:
        raise ValueError("a column has a type that is not named")
    empty = np.empty(0) if holds in (columns.NUMBER, columns.TIME, columns.SPAN) else np.empty(0, object)
    return Column(name, empty, holds, dtype, told["categories"])
