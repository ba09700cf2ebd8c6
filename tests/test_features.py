"""What samples are compared by: learned from real rows, the same for everybody, refused in words."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA as Decomposition

import skgan
from skgan import GANEstimator, registry
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError, InvalidParameterError
from skgan.features._inception import resized
from skgan.features._networks import encoder, sha256_of
from skgan.features.inception import Inception
from skgan.features.own_autoencoder import OwnAutoencoder
from skgan.features.own_classifier import OwnClassifier
from skgan.features.pca import PCA
from skgan.features.raw import Raw
from skgan.features.torchvision_networks import TorchvisionNetwork
from skgan.metrics.frechet import FID

X, Y = load_digits(return_X_y=True)
X = (X.reshape(-1, 1, 8, 8) / 8 - 1).astype(np.float32)
SEEN, FRESH = slice(0, 1200), slice(1200, None)


def test_an_own_classifier_learns_the_classes():
    look = OwnClassifier().learn(X[SEEN], Y[SEEN])
    right = look.probabilities(X[FRESH]).argmax(1) == Y[FRESH]
    assert right.mean() > 0.85
    vectors = look(X[FRESH])
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    same = Y[FRESH][:, None] == Y[FRESH]
    assert apart[same].mean() < 0.7 * apart[~same].mean()


def test_an_own_autoencoder_keeps_what_varies():
    code = OwnAutoencoder(width=16).learn(X[SEEN])
    vectors = np.c_[code(X), np.ones(len(X))]
    rows = X.reshape(len(X), -1)
    rebuilt = vectors @ np.linalg.lstsq(vectors[SEEN], rows[SEEN], rcond=None)[0]
    left = ((rows - rebuilt)[FRESH] ** 2).sum() / ((rows - rows[SEEN].mean(0))[FRESH] ** 2).sum()
    assert left < 0.5


def test_pca_is_scikit_learns():
    vectors = PCA(5).learn(X[SEEN])(X[FRESH])
    expected = Decomposition(5, svd_solver="full").fit(X[SEEN].reshape(1200, -1)).transform(X[FRESH].reshape(-1, 64))
    np.testing.assert_allclose(np.abs(vectors), np.abs(expected), rtol=1e-4, atol=1e-4)


def test_raw_features_are_the_numbers():
    np.testing.assert_array_equal(Raw().learn(X)(X[:5]), X[:5].reshape(5, -1))


@pytest.mark.parametrize("shape", [(1, 5, 9), (3, 33, 32), (7,), (2, 9), (1, 4, 4, 4)])
def test_encoders_take_any_shape(shape):
    rng = torch.Generator().manual_seed(0)
    assert encoder(shape, 6, rng)(torch.zeros(2, *shape)).shape == (2, 6)


# --- who takes which ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "settings", "expected"),
    [
        ((X[:60], X[60:120], None), {}, "OwnAutoencoder()"),
        ((X[:60], X[60:120], Y), {}, "OwnClassifier()"),
        ((X[:60].reshape(60, -1), X[60:120].reshape(60, -1), None), {}, "raw"),
        ((X[:60], X[60:120], None), {"features": "raw"}, "raw"),
        ((X[:60], X[60:120], None), {"features": "pca"}, "PCA()"),
        ((X[:60], X[60:120], None), {"features": PCA(3)}, "PCA(components=3)"),
    ],
)
def test_auto_looks_at_the_data(given, settings, expected):
    real, fake, y = given
    labels = {} if y is None else {"y_real": y[:60], "y_fake": y[60:120]}
    assert skgan.metrics.fid(real, fake, **labels, **settings).protocol["features"] == expected


def test_energy_takes_images_as_they_are():
    assert skgan.metrics.energy(X[:60], X[60:120]).protocol["features"] == "raw"


def test_features_of_an_estimator_are_searched_saved_and_refused(tmp_path):
    gan = GANEstimator(architecture=DCGAN(4, 8), scoring="fid", max_iter=2, random_state=0)
    gan.set_params(scoring__features=OwnClassifier(width=4, steps=3)).fit(X[:60], Y[:60])
    gan.save(tmp_path / "model")
    loaded = GANEstimator.load(tmp_path / "model")
    assert repr(loaded.scoring) == repr(gan.scoring)
    assert loaded.score(X[60:120], Y[60:120]) == gan.score(X[60:120], Y[60:120])
    assert gan.set_params(scoring__features__steps=4).score(X[60:120], Y[60:120]) != loaded.score(X[60:120], Y[60:120])
    with pytest.raises(IncompatibleComponentError, match=r"'own-classifier'.*needs? .*classes"):
        gan.set_params(scoring__features="own-classifier").score(X[60:120])
    tables = GANEstimator(architecture=MLP(8, 1), scoring=FID("random-convolutions"), max_iter=1, random_state=0)
    with pytest.raises(IncompatibleComponentError, match="'random-convolutions' does not go with this data"):
        tables.fit(X[:40].reshape(40, -1)).score(X[:40].reshape(40, -1))


def test_names_are_for_those_who_know_them():
    with pytest.raises(
        IncompatibleComponentError, match=r"features must be an object when FID itself is called.*'pca'"
    ):
        FID("pca")(X[:20], X[20:40])


# --- large networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["inception", "resnet50"])
def test_nothing_is_downloaded_unasked(name, monkeypatch):
    def fail(*args, **settings):
        raise AssertionError("it went to the network")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fail)
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(InvalidParameterError, match="nothing is downloaded unasked"):
        skgan.metrics.fid(X[:20], X[20:40], features=name)
    with pytest.raises(InvalidParameterError, match="which is none"):
        skgan.metrics.fid(X[:20], X[20:40], features=registry.resolve("features", name)(weights="no/such/file"))


def test_weights_are_read_from_a_file_and_named_by_its_digest(tmp_path):
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    network = TorchvisionNetwork("squeezenet1_1", "random")
    assert network.fingerprint() == ""
    made = TorchvisionNetwork("resnet18", "random", size=32)
    save_file(made._network().state_dict(), first)
    save_file(TorchvisionNetwork("resnet18", "random", random_state=1)._network().state_dict(), second)
    one, two = (TorchvisionNetwork("resnet18", path, size=32) for path in (first, second))
    np.testing.assert_array_equal(one.learn(X)(X[:3]), made.learn(X)(X[:3]))
    assert one.fingerprint() == sha256_of(first) != two.fingerprint()
    scores = [FID(each)(X[:20], X[20:40]) for each in (one, two)]
    assert scores[0].protocol["features_hash"] != scores[1].protocol["features_hash"]
    with pytest.raises(InvalidParameterError, match="those of another network"):
        TorchvisionNetwork("resnet50", first).learn(X)
    with pytest.raises(InvalidParameterError, match="published Inception network"):
        Inception(first).learn(X)
    (tmp_path / "c.pth").write_bytes(b"cos\nsystem\n(S'echo'\ntR.")
    with pytest.raises(InvalidParameterError, match=r"must be a \.safetensors file"):
        Inception(tmp_path / "c.pth").learn(X)


def test_images_are_resized_in_four_ways():
    ramp = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 4, 4)
    as_tensorflow = resized(ramp, "tensorflow", 8)[0, 0, 0]
    torch.testing.assert_close(as_tensorflow, torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]))
    large = torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (2, 3, 64, 64)).astype(np.float32))
    found = {how: resized(large, how, 16) for how in ("clean", "friendly", "legacy", "tensorflow")}
    assert len({each.sum().item() for each in found.values()}) == 4
    assert found["friendly"].std() < 0.7 * found["legacy"].std()  # without aliasing noise is averaged
    assert all(each.min() >= 0 and each.max() <= 255 for each in found.values())
