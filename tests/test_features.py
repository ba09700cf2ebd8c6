"""What samples are compared by: learned from real rows, the same for everybody, refused in words."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA as Decomposition
from torch.nn import functional
from torchvision.models import resnet18

import skgan
from skgan import GANEstimator, registry
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError, InvalidParameterError
from skgan.features._inception import resized
from skgan.features._networks import encoder
from skgan.features._pretrained import sha256_of
from skgan.features.dino import DINO
from skgan.features.inception import Inception
from skgan.features.lpips import LPIPS
from skgan.features.own_autoencoder import OwnAutoencoder
from skgan.features.own_classifier import OwnClassifier
from skgan.features.pca import PCA
from skgan.features.raw import Raw
from skgan.features.swav import SwAV
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


@pytest.mark.parametrize("name", ["inception", "resnet50", "swav", "dino", "lpips"])
def test_nothing_is_downloaded_unasked(name, monkeypatch):
    def fail(*args, **settings):
        raise AssertionError("it went to the network")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fail)
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    large = np.repeat(np.repeat(X[:40], 2, axis=2), 2, axis=3)
    with pytest.raises(InvalidParameterError, match="nothing is downloaded unasked"):
        skgan.metrics.fid(large[:20], large[20:40], features=name)
    with pytest.raises(InvalidParameterError, match="which is none"):
        skgan.metrics.fid(large[:20], large[20:40], features=registry.resolve("features", name)(weights="no/such/file"))


def test_weights_are_read_from_a_file_and_named_by_its_digest(tmp_path):
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    network = TorchvisionNetwork("squeezenet1_1", "random")
    assert network.fingerprint() == ""
    made = TorchvisionNetwork("resnet18", "random", size=32)
    save_file(made.filled(resnet18, "it").state_dict(), first)
    save_file(TorchvisionNetwork("resnet18", "random", random_state=1).filled(resnet18, "it").state_dict(), second)
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


# Published networks, written once more as loops over their tensors by the publishers' names, in float64.

IMAGES = np.random.default_rng(3).uniform(-1, 1, (2, 3, 20, 28)).astype(np.float32)


def as_their_papers_say(images, size, mode, deviation):
    x = (torch.from_numpy(images).double() + 1) / 2
    x = functional.interpolate(x, (size, size), mode=mode, antialias=True)
    mean, spread = (torch.tensor(each).double().view(3, 1, 1) for each in ((0.485, 0.456, 0.406), deviation))
    return (x - mean) / spread


def random_tensors(shapes, seed=0):
    rng = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in shapes.items():
        spread = (2 / max(np.prod(shape[1:]), 1)) ** 0.5 if len(shape) > 1 else 0.1
        around = float(len(shape) == 1 and name.endswith(("running_var", "weight")))
        found[name] = torch.randn(shape, generator=rng) * spread + around
        if name.endswith("running_var"):
            found[name] = found[name].abs() + 0.1
    return found


def shapes_of_resnet50():
    """Return the shapes of a ResNet-50, from the paper's table 1: 3, 4, 6 and 3 bottlenecks."""
    found = {"conv1.weight": (64, 3, 7, 7)} | shapes_of_norm("bn1", 64)
    width = 64
    for stage, (blocks, narrow) in enumerate(zip((3, 4, 6, 3), (64, 128, 256, 512), strict=True), 1):
        for block in range(blocks):
            at = f"layer{stage}.{block}"
            kernels = ((narrow, width, 1), (narrow, narrow, 3), (4 * narrow, narrow, 1))
            for i, (out, into, k) in enumerate(kernels, 1):
                found |= {f"{at}.conv{i}.weight": (out, into, k, k)} | shapes_of_norm(f"{at}.bn{i}", out)
            if not block:
                found |= {f"{at}.downsample.0.weight": (4 * narrow, width, 1, 1)}
                found |= shapes_of_norm(f"{at}.downsample.1", 4 * narrow)
            width = 4 * narrow
    return found


def shapes_of_norm(name, width):
    return {f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")}


def of_a_resnet50(w, x):
    def convolved(x, conv, bn, stride=1):
        kernel = w[f"{conv}.weight"].double()
        x = functional.conv2d(x, kernel, stride=stride, padding=kernel.shape[2] // 2)
        mean, var, scale, shift = (w[f"{bn}.{p}"].double() for p in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(x, mean, var, scale, shift, eps=1e-5)

    x = functional.max_pool2d(convolved(x, "conv1", "bn1", 2).relu(), 3, 2, 1)
    for stage, blocks in enumerate((3, 4, 6, 3), 1):
        for block in range(blocks):
            at, stride = f"layer{stage}.{block}", 2 if stage > 1 and not block else 1
            h = convolved(x, f"{at}.conv1", f"{at}.bn1").relu()
            h = convolved(h, f"{at}.conv2", f"{at}.bn2", stride).relu()
            h = convolved(h, f"{at}.conv3", f"{at}.bn3")
            x = x if block else convolved(x, f"{at}.downsample.0", f"{at}.downsample.1", stride)
            x = (x + h).relu()
    return x.mean((2, 3)).numpy()


@pytest.mark.parametrize(
    ("part", "prefix", "on_top", "mode", "deviation"),
    [
        (SwAV, "module.", ("projection_head.0.weight", "prototypes.weight"), "bilinear", (0.228, 0.224, 0.225)),
        (lambda *given, **kw: DINO("resnet50", *given, **kw), "", ("fc.weight",), "bicubic", (0.229, 0.224, 0.225)),
    ],
)
def test_published_resnets_are_those_of_the_table(part, prefix, on_top, mode, deviation, tmp_path):
    weights = random_tensors(shapes_of_resnet50())
    extra = {f"{prefix}{name}": torch.ones(2, 2) for name in on_top}
    save_file({f"{prefix}{name}": tensor for name, tensor in weights.items()} | extra, tmp_path / "a.safetensors")
    found = part(tmp_path / "a.safetensors", size=64).learn(IMAGES)(IMAGES)
    expected = of_a_resnet50(weights, as_their_papers_say(IMAGES, 64, mode, deviation))
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()
    assert np.abs(found[0] - found[1]).max() > 1e-3 * np.abs(expected).max()  # the images can be told


def of_a_transformer(w, x, patch, heads):
    """Return the class token of a vision transformer after its last norm."""

    def normed(h, name):
        return functional.layer_norm(h, h.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], eps=1e-6)

    w = {name: tensor.double() for name, tensor in w.items()}
    h = functional.conv2d(x, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=patch)
    h = torch.cat([w["cls_token"].expand(len(x), -1, -1), h.flatten(2).transpose(1, 2)], 1) + w["pos_embed"]
    n, tokens, width = h.shape
    for block in range(12):
        at = f"blocks.{block}"
        qkv = normed(h, f"{at}.norm1") @ w[f"{at}.attn.qkv.weight"].T + w[f"{at}.attn.qkv.bias"]
        q, k, v = qkv.reshape(n, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        attention = (q @ k.transpose(2, 3) / (width // heads) ** 0.5).softmax(-1)
        seen = (attention @ v).transpose(1, 2).reshape(n, tokens, width)
        h = h + seen @ w[f"{at}.attn.proj.weight"].T + w[f"{at}.attn.proj.bias"]
        wide = functional.gelu(normed(h, f"{at}.norm2") @ w[f"{at}.mlp.fc1.weight"].T + w[f"{at}.mlp.fc1.bias"])
        h = h + wide @ w[f"{at}.mlp.fc2.weight"].T + w[f"{at}.mlp.fc2.bias"]
    return normed(h, "norm")[:, 0].numpy()


def shapes_of_a_transformer(size, patch, width):
    found = {"cls_token": (1, 1, width), "pos_embed": (1, 1 + (size // patch) ** 2, width)}
    found |= {"patch_embed.proj.weight": (width, 3, patch, patch), "patch_embed.proj.bias": (width,)}
    layers = {"norm": ()} | {f"blocks.{i}.norm{j}": () for i in range(12) for j in (1, 2)}
    outs = {"attn.qkv": (3, 1), "attn.proj": (1, 1), "mlp.fc1": (4, 1), "mlp.fc2": (1, 4)}
    layers |= {f"blocks.{i}.{name}": both for i in range(12) for name, both in outs.items()}
    for name, both in layers.items():
        found[f"{name}.weight"] = tuple(width * each for each in both) or (width,)
        found[f"{name}.bias"] = (width * both[0] if both else width,)
    return found


def test_a_published_transformer_is_that_of_the_paper(tmp_path):
    weights = random_tensors(shapes_of_a_transformer(32, 16, 384))
    head = {"head.mlp.0.weight": torch.ones(2, 2)}
    save_file({f"module.backbone.{n}": tensor for n, tensor in (weights | head).items()}, tmp_path / "a.safetensors")
    look = DINO(weights=tmp_path / "a.safetensors", size=32).learn(IMAGES)
    x = as_their_papers_say(IMAGES, 32, "bicubic", (0.229, 0.224, 0.225))
    np.testing.assert_allclose(look(IMAGES), of_a_transformer(weights, x, 16, 6), rtol=1e-3, atol=1e-4)
    for other in ({"size": 48}, {"size": 32, "network": "vit-b-16"}):
        with pytest.raises(InvalidParameterError, match="those of another network"):
            DINO(weights=tmp_path / "a.safetensors", **other).learn(IMAGES)
    with pytest.raises(InvalidParameterError, match=r"multiple of the 16 pixels of a patch. Got 40"):
        DINO(weights="random", size=40).learn(IMAGES)


CHANNELS = (3, 64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512)


def of_vgg16(w, x):
    """Return the last layer before each halving, `(n, c, h, w)` each."""
    found, place = [], 0
    for width in CHANNELS[1:]:
        if not width:
            found.append(x)
            x, place = functional.max_pool2d(x, 2), place + 1
            continue
        x = functional.conv2d(
            x, w[f"features.{place}.weight"].double(), w[f"features.{place}.bias"].double(), padding=1
        )
        x, place = x.relu(), place + 2
    return [*found, x]


def weights_of_vgg16():
    found, place, before = {}, 0, 3
    for width in CHANNELS[1:]:
        if width:
            found |= {f"features.{place}.weight": (width, before, 3, 3), f"features.{place}.bias": (width,)}
            before = width
        place += 2 if width else 1
    return random_tensors(found) | {"classifier.0.weight": torch.ones(2, 2)}


@pytest.mark.parametrize("fitted", [False, True])
def test_squared_distances_are_the_perceptual_ones(fitted, tmp_path):
    weights = weights_of_vgg16()
    save_file(weights, tmp_path / "a.safetensors")
    linear = [torch.rand(1, c, 1, 1, generator=torch.Generator().manual_seed(c)) for c in (64, 128, 256, 512, 512)]
    save_file({f"lin{i}.model.1.weight": each for i, each in enumerate(linear)}, tmp_path / "b.safetensors")
    part = LPIPS(tmp_path / "a.safetensors", tmp_path / "b.safetensors" if fitted else None)
    first, second = part.learn(IMAGES)(IMAGES)
    expected = 0.0
    x = (torch.from_numpy(IMAGES).double() - torch.tensor([-0.030, -0.088, -0.188]).view(3, 1, 1)) / torch.tensor(
        [0.458, 0.448, 0.450]
    ).view(3, 1, 1)
    for layer, w in zip(of_vgg16(weights, x), linear, strict=True):
        a, b = (each / each.square().sum(0).sqrt() for each in layer)
        expected += float(((a - b) ** 2 * (w[0].double() if fitted else 1.0)).sum(0).mean())
    assert ((first - second) ** 2).sum() == pytest.approx(expected, rel=1e-4)
    assert part.fingerprint() != LPIPS(tmp_path / "a.safetensors").fingerprint() or not fitted
    with pytest.raises(IncompatibleComponentError, match=r"16 pixels or more each way. Got 8 x 8"):
        part.learn(X)
    with pytest.raises(InvalidParameterError, match="weights of VGG16's channels"):
        LPIPS(tmp_path / "a.safetensors", tmp_path / "a.safetensors").learn(IMAGES)


@pytest.mark.parametrize("part", [SwAV, DINO])
def test_what_has_no_published_hash_is_not_downloaded(part):
    with pytest.raises(InvalidParameterError, match=r"must be a path or 'random'. Got 'download'"):
        part(weights="download").learn(IMAGES)


def test_images_are_resized_in_four_ways():
    ramp = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 4, 4)
    as_tensorflow = resized(ramp, "tensorflow", 8)[0, 0, 0]
    torch.testing.assert_close(as_tensorflow, torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]))
    large = torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (2, 3, 64, 64)).astype(np.float32))
    found = {how: resized(large, how, 16) for how in ("clean", "friendly", "legacy", "tensorflow")}
    assert len({each.sum().item() for each in found.values()}) == 4
    assert found["friendly"].std() < 0.7 * found["legacy"].std()  # without aliasing noise is averaged
    assert all(each.min() >= 0 and each.max() <= 255 for each in found.values())
