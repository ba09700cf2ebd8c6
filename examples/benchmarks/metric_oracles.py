"""FID, KID, inception score, precision and recall beside other implementations, on the same features.

    pip install --no-deps torch-fidelity torchmetrics lightning-utilities
    python examples/benchmarks/metric_oracles.py [--features 2048] [--rows 3000]

Both sides get the same float64 features or class probabilities: correlated Gaussians, moved and widened. Rows are given
in the order that skgan brings them to, so that random subsets are the same. The Inception network is compared on random
images with one file of random weights. Density and coverage are compared with loops in the tests.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from skgan.features.inception import Inception
from skgan.metrics._sets import in_order
from skgan.metrics.classifiers import InceptionScore
from skgan.metrics.frechet import FID
from skgan.metrics.kernel import KID
from skgan.metrics.precision_recall import Precision, Recall


def sets(n, d, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((d, d)) / np.sqrt(d) * rng.uniform(0.1, 2, d)
    real, fake = rng.standard_normal((n, d)) @ mixing, 1.1 * rng.standard_normal((n, d)) @ mixing + 0.05
    return in_order(real, None).X, in_order(fake, None).X


def line(what, ours, theirs, goal, seconds):
    difference = abs(ours - theirs) / max(abs(theirs), 1e-300)
    verdict = "ok" if difference <= goal else "OVER"
    print(f"{what:42} {ours:16.10g} {theirs:16.10g}  {difference:8.1e} <= {goal:.0e} {verdict}   {seconds}", flush=True)


def timed(function):
    began = time.perf_counter()
    value = function()
    return value, time.perf_counter() - began


def compare(what, ours, theirs, goal):
    (first, mine), (second, other) = timed(ours), timed(theirs)
    line(what, float(first), float(second), goal, f"{mine:.2f} s beside {other:.2f} s")


def of_torch_fidelity(real, fake, p):
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    a, b = torch.from_numpy(real), torch.from_numpy(fake)

    def fid():
        statistics = [metric_fid.fid_features_to_statistics(each) for each in (a, b)]
        return metric_fid.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]

    compare("FID, torch-fidelity", lambda: FID()(real, fake), fid, 1e-4)
    size = min(1000, len(real) // 2)
    settings = {"kid_subset_size": size, "kid_subsets": 100, "rng_seed": 2020, "verbose": False}
    ours, theirs = KID(subset_size=size)(real, fake), metric_kid.kid_features_to_metric(a, b, **settings)
    line("KID, torch-fidelity", float(ours), theirs["kernel_inception_distance_mean"], 1e-6, "")
    line("KID, its deviation", ours.uncertainty, theirs["kernel_inception_distance_std"], 1e-6, "")
    logits = torch.from_numpy(np.log(p))
    score = InceptionScore().of_probabilities(p)
    theirs = metric_isc.isc_features_to_metric(logits, splits=10, shuffle=False)
    line("inception score, torch-fidelity", score.value, theirs["inception_score_mean"], 1e-6, "")
    line("inception score, its deviation", score.uncertainty, theirs["inception_score_std"], 1e-6, "")
    theirs = metric_prc.prc_features_to_metric(b, a, prc_neighborhood=3, prc_batch_size=500, verbose=False)
    line("precision, torch-fidelity", float(Precision(3)(real, fake)), theirs["precision"], 1e-6, "")
    line("recall, torch-fidelity", float(Recall(3)(real, fake)), theirs["recall"], 1e-6, "")


def of_torchmetrics(real, fake):
    from torchmetrics.image.fid import _compute_fid
    from torchmetrics.image.kid import poly_mmd

    a, b = torch.from_numpy(real), torch.from_numpy(fake)
    compare(
        "FID, torchmetrics",
        lambda: FID()(real, fake),
        lambda: _compute_fid(a.mean(0), a.T.cov(), b.mean(0), b.T.cov()),
        1e-4,
    )
    n = min(len(real), 2000)
    a, b = a[:n], b[:n]
    compare(
        "KID of all rows, torchmetrics", lambda: KID(subset_size=n)(real[:n], fake[:n]), lambda: poly_mmd(a, b), 1e-6
    )


def of_the_network():
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    first = Inception("random", size=299, random_state=1).learn(np.zeros((1, 3, 8, 8)))._network
    weights = {name: tensor for name, tensor in first.state_dict().items() if not name.endswith("num_batches_tracked")}
    rng = torch.Generator().manual_seed(0)
    for name, tensor in weights.items():  # so that every number counts, as in a trained network
        if name.endswith("running_mean"):
            tensor.normal_(0, 0.1, generator=rng)
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2, generator=rng)
    counted = {n.replace("running_var", "num_batches_tracked"): torch.tensor(0) for n in weights if "running_var" in n}
    images = np.random.default_rng(0).integers(256, size=(4, 3, 40, 52), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save(weights | counted, path)
        theirs = FeatureExtractorInceptionV3("theirs", ["2048", "logits_unbiased"], str(path))
        save_file(weights, path.with_suffix(".safetensors"))
        look = Inception(path.with_suffix(".safetensors"), resize="tensorflow").learn(images)
    pooled, logits = theirs(torch.from_numpy(images))
    x = images / 127.5 - 1
    for what, mine, other in (
        ("Inception, 2048 features", look(x), pooled.numpy()),
        ("Inception, class probabilities", look.probabilities(x), logits.double().softmax(1).numpy()),
    ):
        largest = float(np.abs(mine - other).max() / np.abs(other).max())
        print(f"{what:42} largest difference {largest:.1e} of the largest value  {'ok' if largest <= 1e-5 else 'OVER'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=int, default=512)
    parser.add_argument("--rows", type=int, default=2000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    real, fake = sets(arguments.rows, arguments.features)
    p = np.random.default_rng(1).dirichlet(np.full(100, 0.1), arguments.rows) + 1e-12
    p /= p.sum(axis=1, keepdims=True)
    print(f"{arguments.rows} rows of {arguments.features} features")
    of_torch_fidelity(real, fake, p)
    of_torchmetrics(real, fake)
    of_the_network()
