"""How good are samples of tables? skgan beside simple models and, where it is installed, the pip package ctgan.

    python examples/benchmarks/tables.py --data DIR [--case adult|breast-cancer|binned] [--epochs 30] [--recipe skgan]
    python examples/benchmarks/tables.py --data DIR --epochs 300 --matched    # as many CPU seconds as the package

DIR has a `load.py` with a function `adult()` that returns the adult census as a DataFrame. Four fifths of the rows are
trained on. All times are seconds of one process on one thread. Each row of the table is one model, all figures on the
same samples:

- shapes: mean over columns of 1 - KS (numbers) or 1 - TV (categories);
- pairs: mean over pairs of columns of 1 - TV of their two-way tables, numbers in ten bins of equal counts;
- TSTR: AUC on the held-out rows of a gradient boosting trained on the samples;
- detection: AUC of a gradient boosting that tells samples from training rows, 0.5 is best;
- copies: share of samples that equal a training row in all columns, beside that of held-out rows;
- near: share of samples as near to a training row as the nearest hundredth of held-out rows (new rows: 0.01);
- DCR: median distance of samples to the closest training row, over that of held-out rows (new rows: 1).
"""

import argparse
import importlib.util
import itertools
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.preprocessing import OrdinalEncoder

from skgan.metrics.closest_records import DCR, NearCopies

BINS = 10
#: updates of a model of skgan, whatever the epochs come to
FEWEST_UPDATES = 1000


# --- data -----------------------------------------------------------------------------------------


def adult(folder):
    spec = importlib.util.spec_from_file_location("load", Path(folder) / "load.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.adult(), "income", "capital-gain"


def breast_cancer(_):
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    frame = data.data.copy()
    frame["diagnosis"] = data.target_names[data.target]
    return frame, "diagnosis", None


def binned(_):
    """Return 6,000 rows with two columns in bins, one of text, and missing values in three."""
    from sklearn.datasets import make_classification

    X, y = make_classification(6000, 10, n_informative=6, n_redundant=2, random_state=7)
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(10)]).round(3)
    frame["x0"] = pd.cut(frame["x0"], 8, labels=False)
    frame["x1"] = pd.qcut(frame["x1"], 5, labels=["lowest", "low", "middle", "high", "highest"]).astype(object)
    rng = np.random.default_rng(7)
    for name, share in (("x2", 0.1), ("x3", 0.3), ("x1", 0.05)):
        frame.loc[rng.random(len(frame)) < share, name] = np.nan
    frame["label"] = np.where(y == 1, "yes", "no")
    return frame, "label", None


CASES = {"adult": adult, "breast-cancer": breast_cancer, "binned": binned}


# --- figures --------------------------------------------------------------------------------------


class Judge:
    """All figures of a table of samples, against one table of training rows and one of held-out rows."""

    def __init__(self, train, test, target):
        self.train, self.test, self.target = train, test, target
        self.numbers = [name for name in train if pd.api.types.is_numeric_dtype(train[name])]
        self.others = [name for name in train if name not in self.numbers]
        self.codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
        self.codes.fit(train[self.others].astype(object))
        self.edges = {
            name: np.unique(np.nanquantile(train[name].astype(float), np.linspace(0, 1, BINS + 1)[1:-1]))
            for name in self.numbers
        }
        self.pairs_real = self._binned(train)
        positive = sorted(train[target].unique())[-1]
        self.positive = positive

    def features(self, frame, without=()):
        numbers = [name for name in self.numbers if name not in without]
        coded = pd.DataFrame(self.codes.transform(frame[self.others].astype(object)), columns=self.others)
        others = [name for name in self.others if name not in without]
        categorical = [False] * len(numbers) + [self.train[name].nunique() < 200 for name in others]
        X = np.column_stack([frame[numbers].to_numpy(float, na_value=np.nan), coded[others]])
        X[:, len(numbers) :] = np.where(X[:, len(numbers) :] < 0, np.nan, X[:, len(numbers) :])
        return X, np.array(categorical)

    def shapes(self, fake):
        found = []
        for name in self.train:
            real, own = self.train[name], fake[name]
            gap = abs(real.isna().mean() - own.isna().mean())
            real, own = real.dropna(), own.dropna()
            if name in self.numbers:
                every = np.sort(np.concatenate([real.unique(), own.unique()]).astype(float))
                one, two = np.sort(real.to_numpy(float)), np.sort(own.to_numpy(float))
                ks = np.abs(
                    np.searchsorted(one, every, "right") / max(len(one), 1)
                    - np.searchsorted(two, every, "right") / max(len(two), 1)
                ).max()
                found.append(1 - max(ks, gap))
            else:
                p, q = real.value_counts(normalize=True), own.value_counts(normalize=True)
                found.append(1 - max(p.subtract(q, fill_value=0).abs().sum() / 2, gap))
        return float(np.mean(found)), dict(zip(self.train, found, strict=True))

    def _binned(self, frame):
        columns = []
        for name in self.train:
            if name in self.numbers:
                values = frame[name].to_numpy(float, na_value=np.nan)
                own = np.searchsorted(self.edges[name], values, "right")
                columns.append(np.where(np.isnan(values), len(self.edges[name]) + 1, own))
            else:
                place = self.others.index(name)
                own = self.codes.transform(frame[self.others].astype(object))[:, place].astype(int)
                columns.append(own + 2)
        return columns

    def pairs(self, fake):
        found = []
        binned = self._binned(fake)
        for i, j in itertools.combinations(range(len(binned)), 2):
            real, own = (c[i].astype(np.int64) * 1000 + c[j] for c in (self.pairs_real, binned))
            most = max(real.max(), own.max()) + 1
            p, q = (np.bincount(c, minlength=most) / len(c) for c in (real, own))
            found.append(1 - np.abs(p - q).sum() / 2)
        return float(np.mean(found))

    def tstr(self, fake):
        X, categorical = self.features(fake, (self.target,))
        y = (fake[self.target] == self.positive).to_numpy()
        if y.all() or not y.any():
            return 0.5
        model = HistGradientBoostingClassifier(categorical_features=categorical, random_state=0).fit(X, y)
        held_out = self.features(self.test, (self.target,))[0]
        return roc_auc_score(self.test[self.target] == self.positive, model.predict_proba(held_out)[:, 1])

    def detection(self, fake):
        real = self.train.sample(min(len(fake), len(self.train)), random_state=0)
        X, categorical = self.features(pd.concat([real, fake], ignore_index=True))
        y = np.repeat([0, 1], [len(real), len(fake)])
        model = HistGradientBoostingClassifier(categorical_features=categorical, random_state=0)
        order = np.random.default_rng(0).permutation(len(y))
        said = cross_val_predict(model, X[order], y[order], cv=3, method="predict_proba")[:, 1]
        return roc_auc_score(y[order], said)

    def copies(self, fake):
        known = set(pd.util.hash_pandas_object(self.train.astype(str), index=False))
        return float(np.mean([h in known for h in pd.util.hash_pandas_object(fake.astype(str), index=False)]))

    def row(self, fake):
        return {
            "shapes": self.shapes(fake)[0],
            "pairs": self.pairs(fake),
            "TSTR": self.tstr(fake),
            "detection": self.detection(fake),
            "copies": self.copies(fake),
            "near": float(NearCopies()(self.train, fake, X_held_out=self.test)),
            "DCR": float(DCR()(self.train, fake, X_held_out=self.test)),
        }


# --- baselines ------------------------------------------------------------------------------------


def resampled(train, n, rng):
    return train.iloc[rng.integers(0, len(train), n)].reset_index(drop=True)


def independent(train, n, rng):
    return pd.DataFrame({name: train[name].to_numpy()[rng.integers(0, len(train), n)] for name in train})


def shuffled_within(train, n, rng, target):
    pieces = []
    for value, rows in train.groupby(target, sort=True):
        m = round(n * len(rows) / len(train))
        piece = independent(rows, m, rng)
        piece[target] = value
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True)[list(train)]


def chow_liu(judge, n, rng):
    """Sample from the best tree over binned columns; numbers are drawn from the rows of their bin."""
    columns = [np.unique(c, return_inverse=True)[1] for c in judge.pairs_real]
    k, train = len(columns), judge.train
    sizes = [c.max() + 1 for c in columns]
    gain = np.zeros((k, k))
    for i, j in itertools.combinations(range(k), 2):
        joint = np.bincount(columns[i] * sizes[j] + columns[j], minlength=sizes[i] * sizes[j])
        p = joint.reshape(sizes[i], sizes[j]) / len(train)
        outer = np.outer(p.sum(1), p.sum(0))
        seen = p > 0
        gain[i, j] = gain[j, i] = (p[seen] * np.log(p[seen] / outer[seen])).sum()
    parent, inside = {0: None}, {0}
    while len(inside) < k:
        a, b = max(((a, b) for a in inside for b in range(k) if b not in inside), key=lambda ab: gain[ab])
        parent[b] = a
        inside.add(b)
    drawn, rows_of = {}, {}
    for i, above in parent.items():
        own = np.empty(n, int)
        if above is None:
            own[:] = columns[i][rng.integers(0, len(train), n)]
        else:
            for value in range(sizes[above]):
                mine = np.nonzero(drawn[above] == value)[0]
                known = columns[i][columns[above] == value]
                if len(mine) and len(known):
                    own[mine] = known[rng.integers(0, len(known), len(mine))]
        drawn[i] = own
    fake = {}
    for i, name in enumerate(train):
        rows_of = [np.nonzero(columns[i] == value)[0] for value in range(sizes[i])]
        picked = np.array([rows_of[value][rng.integers(0, len(rows_of[value]))] for value in drawn[i]])
        fake[name] = train[name].to_numpy()[picked]
    return pd.DataFrame(fake)


# --- models ---------------------------------------------------------------------------------------


def seconds():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def skgan_model(train, n, epochs, name, seed=0):
    from skgan import recipes

    start = seconds()
    gan = recipes.make(name, random_state=seed)
    gan.set_params(max_iter=max(FEWEST_UPDATES, round(epochs * len(train) / gan.batch_size)))
    gan.fit(train)
    fitted = seconds()
    fake = gan.sample(n)
    return fake, {"fit": fitted - start, "rows/s": n / (seconds() - fitted)}, gan


def epochs_within(budget, train, name, seed=0, tried=10):
    """Return how many epochs a recipe trains within a budget of CPU seconds, from the seconds of a few."""
    taken = skgan_model(train, 1, tried, name, seed)[1]["fit"]
    return int(tried * budget / taken)


def fitted_package(train, epochs):
    from ctgan import CTGAN

    try:
        gan = CTGAN(epochs=epochs, enable_gpu=False)
    except TypeError:
        gan = CTGAN(epochs=epochs, cuda=False)
    gan.set_random_state(0)
    gan.fit(train, [name for name in train if not pd.api.types.is_numeric_dtype(train[name])])
    return gan


def ctgan_model(train, n, epochs):
    start = seconds()
    gan = fitted_package(train, epochs)
    fitted = seconds()
    fake = gan.sample(n)
    return fake, {"fit": fitted - start, "rows/s": n / (seconds() - fitted)}


# --- speed ----------------------------------------------------------------------------------------


class Lean:
    """A hand-written loop of the recipe "ctgan": the same networks, batch and loss, and nothing else."""

    def __init__(self, gan, rows, batch=500, pac=10):
        from torch import nn

        spec = gan._model_.spec
        self.x = gan._encoding_.expand(gan._encoding_.encode(rows))
        self.numbers = sum(c.numbers for c in spec.columns)
        self.widths = [c.width for c in spec.columns if c.width]
        self.batch, self.pac, self.latent = batch, pac, spec.latent_dim
        d, c = self.x.shape[1], sum(self.widths)
        self.first, self.second = nn.Linear(self.latent + c, 256), nn.Linear(self.latent + c + 256, 256)
        self.norms = nn.ModuleList([nn.BatchNorm1d(256), nn.BatchNorm1d(256)])
        self.out = nn.Linear(self.latent + c + 512, d)
        drop = [nn.LeakyReLU(0.2), nn.Dropout(0.5)]
        self.critic = nn.Sequential(nn.Linear(pac * (d + c), 256), *drop, nn.Linear(256, 256), *drop, nn.Linear(256, 1))
        own = [p for m in (self.first, self.second, self.norms, self.out) for p in m.parameters()]
        self.adam = [torch.optim.Adam(p, 2e-4, (0.5, 0.9), fused=True) for p in (own, list(self.critic.parameters()))]
        spans = self.x[:, self.numbers :].split(self.widths, 1)
        self.codes = torch.stack([span.argmax(1) for span in spans], 1)
        self.sorted = [codes.argsort() for codes in self.codes.T]
        self.counts = [codes.bincount(minlength=w) for codes, w in zip(self.codes.T, self.widths, strict=True)]

    def asked(self):
        column = torch.randint(len(self.widths), (self.batch,))
        rows, cond = torch.empty(self.batch, dtype=torch.long), torch.zeros(self.batch, sum(self.widths))
        for j, counts in enumerate(self.counts):
            mine = (column == j).nonzero()[:, 0]
            value = torch.multinomial((counts + 1.0).log(), len(mine), True) if len(mine) else mine
            start = counts.cumsum(0) - counts
            rows[mine] = self.sorted[j][start[value] + (torch.rand(len(mine)) * counts[value]).long()]
            cond[mine, sum(self.widths[:j]) + value] = 1
        return rows, cond

    def generate(self, cond):
        h = torch.cat([torch.randn(self.batch, self.latent), cond], 1)
        for layer, norm in zip((self.first, self.second), self.norms, strict=True):
            h = torch.cat([norm(layer(h)).relu(), h], 1)
        raw = self.out(h)
        logits = raw[:, self.numbers :]
        noisy = (logits - (-torch.rand_like(logits).clamp_min(1e-9).log()).log()) / 0.2
        spans = [span.softmax(1) for span in noisy.split(self.widths, 1)]
        return torch.cat([raw[:, : self.numbers].tanh(), *spans], 1), logits

    def judge(self, x, cond):
        return self.critic(torch.cat([x, cond], 1).reshape(self.batch // self.pac, -1))

    def step(self):
        rows, cond = self.asked()
        real = self.x[rows]
        with torch.no_grad():
            fake, _ = self.generate(cond)
        a = torch.rand(self.batch // self.pac).repeat_interleave(self.pac)[:, None]
        between = (a * real + (1 - a) * fake).requires_grad_()
        slope = torch.autograd.grad(self.judge(between, cond).sum(), between, create_graph=True)[0]
        norms = slope.reshape(self.batch // self.pac, -1).norm(dim=1)
        loss = self.judge(fake, cond).mean() - self.judge(real, cond).mean() + 10 * (norms - 1).square().mean()
        self.adam[1].zero_grad()
        loss.backward()
        self.adam[1].step()

        _, cond = self.asked()
        fake, logits = self.generate(cond)
        pairs = zip(logits.split(self.widths, 1), cond.split(self.widths, 1), strict=True)
        each = torch.stack([-(c * span.log_softmax(1)).sum(1) for span, c in pairs], 1)
        loss = each.sum(1).mean() - self.judge(fake, cond).mean()
        gradients = torch.autograd.grad(loss, self.adam[0].param_groups[0]["params"])
        for p, g in zip(self.adam[0].param_groups[0]["params"], gradients, strict=True):
            p.grad = g
        self.adam[0].step()


def of_skgan(gan, train, epochs):
    """Return seconds an epoch of updates alone: of a longer fit less one of a single update."""
    steps, taken = epochs * (len(train) // gan.batch_size), []
    for updates in (1, steps + 1):
        start = time.process_time()
        gan.set_params(max_iter=updates).fit(train)
        taken.append(time.process_time() - start)
    return (taken[1] - taken[0]) / epochs


def of_lean(lean, train, epochs):
    start = time.process_time()
    for _ in range(epochs * (len(train) // lean.batch)):
        lean.step()
    return (time.process_time() - start) / epochs


def of_package(train, epochs):
    """Return seconds an epoch between the last update of the first epoch and the last of all: no preparation."""
    from torch.optim.optimizer import register_optimizer_step_post_hook

    at = []
    hook = register_optimizer_step_post_hook(lambda *_: at.append(time.process_time()))
    try:
        fitted_package(train, epochs + 1)
    finally:
        hook.remove()
    return (at[-1] - at[len(at) // (epochs + 1) - 1]) / epochs


def speed(train, rounds=2, epochs=2):
    """Print CPU seconds an epoch of the recipe "ctgan", of a lean loop and of the package, A B C C B A."""
    from skgan import recipes

    gan = recipes.make("ctgan", random_state=0, max_iter=1).fit(train)
    lean = Lean(gan, train)
    gan.set_params(warm_start=True)
    ways = {"recipe ctgan": lambda: of_skgan(gan, train, epochs), "lean loop": lambda: of_lean(lean, train, epochs)}
    if importlib.util.find_spec("ctgan"):
        ways["package ctgan"] = lambda: of_package(train, epochs)
    found = {name: [] for name in ways}
    for _ in range(rounds):
        for name in [*ways, *reversed(ways)]:
            found[name].append(ways[name]())
    told(found, "CPU s an epoch")


def rates(train, rounds=6):
    """Print rows sampled a second of CPU and of wall clock, all models in turn; training decides neither."""
    from skgan import recipes

    models = {name: recipes.make(name, random_state=0, max_iter=100).fit(train) for name in ("skgan", "ctgan")}
    if importlib.util.find_spec("ctgan"):
        models["package ctgan"] = fitted_package(train, 1)
    cpu, wall, n = {name: [] for name in models}, {name: [] for name in models}, len(train)
    for turn in range(rounds + 1):
        for name, model in models.items():
            start = time.process_time(), time.perf_counter()
            model.sample(n)
            if turn:  # after one that warms up
                cpu[name].append(n / (time.process_time() - start[0]))
                wall[name].append(n / (time.perf_counter() - start[1]))
    told(cpu, "rows a CPU second")
    told(wall, "rows a second of wall clock")


def told(found, what):
    """Print the median, least and most of each list, and of its ratios to the last one's in the same turn."""
    *_, last = found
    print(what)
    for name, values in found.items():
        shares = np.array(values) / found[last]
        own, ratio = ((np.median(each), min(each), max(each)) for each in (values, shares))
        figures = "{:10.2f} ({:.2f} to {:.2f})".format(*own), "{:.2f} ({:.2f} to {:.2f})".format(*ratio)
        print(f"{name:15s} {figures[0]:36s} {figures[1]} of {last}'s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--case", choices=list(CASES), default="adult")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--recipe", action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", action="store_true", help="only seconds an epoch, beside a hand-written loop")
    parser.add_argument("--rates", action="store_true", help="only rows sampled a second")
    parser.add_argument(
        "--matched", action="store_true", help="recipes train as many CPU seconds as the package's epochs take"
    )
    said = parser.parse_args()
    if said.matched and not importlib.util.find_spec("ctgan"):
        parser.error("--matched needs the package: pip install ctgan, in an environment of its own")
    torch.set_num_threads(1)
    frame, target, zeros = CASES[said.case](said.data)
    train, test = (part.reset_index(drop=True) for part in train_test_split(frame, test_size=0.2, random_state=0))
    if said.speed or said.rates:
        (speed if said.speed else rates)(train)
        return
    judge, n, rng = Judge(train, test, target), len(train), np.random.default_rng(0)
    rows, times = {}, {}
    rows["independent columns"] = judge.row(independent(train, n, rng))
    rows["shuffled within class"] = judge.row(shuffled_within(train, n, rng, target))
    rows["Chow-Liu tree"] = judge.row(chow_liu(judge, n, rng))
    rows["real rows resampled"] = judge.row(resampled(train, n, rng))
    if importlib.util.find_spec("ctgan"):
        fake, times["ctgan"] = ctgan_model(train, n, said.epochs)
        rows["ctgan"] = judge.row(fake)
    for name in said.recipe or ["skgan"]:
        epochs = epochs_within(times["ctgan"]["fit"], train, name, said.seed) if said.matched else said.epochs
        fake, times[name], _ = skgan_model(train, n, epochs, name, said.seed)
        times[name]["epochs"] = epochs
        rows[name] = judge.row(fake)
        if zeros:
            shares = [float((table[zeros] == 0).mean()) for table in (fake, train)]
            print(f"{name}: share of zeros in {zeros} {shares[0]:.4f}, real {shares[1]:.4f}")
    print(f"{said.case}: {n} rows, {said.epochs} epochs")
    print(f"held-out rows that equal a training row: {judge.copies(test):.4f}")
    print(f"trained on real rows: TSTR {judge.tstr(train):.4f}")
    print(pd.DataFrame(rows).T.round(4).to_string())
    print(pd.DataFrame(times).T.round(2).to_string())


if __name__ == "__main__":
    sys.exit(main())
