"""Names lead to parts: built-in ones unread, plugins isolated one by one."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from plugin_env import OFFER, plugin_environment, spec

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import (
    AmbiguousComponentError,
    CheckpointError,
    ComponentNotFoundError,
    PluginError,
    PluginLoadWarning,
    SkganError,
)
from skgan.hookspecs import HOOKS
from skgan.losses.wgan_gp import WGANGP

TINY = {"architecture": MLP(width=16, depth=2), "max_iter": 2, "latent_dim": 8, "random_state": 0}
X = np.random.default_rng(0).standard_normal((12, 3))


@pytest.fixture
def plugins(tmp_path):
    with plugin_environment(tmp_path / "site") as environment:
        yield environment


def run(code, folder):
    """Return what `code` prints in a new process with `folder` on the path."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def load_warnings(call):
    """Return what `call` returns or raises of skgan, and the texts of its plugin warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
        except SkganError as error:
            result = error
    return result, [str(each.message) for each in caught if issubclass(each.category, PluginLoadWarning)]


def test_names_are_read_without_importing(tmp_path):
    code = "from skgan import registry\nfrom skgan.hookspecs import HOOKS\n"
    code += "print(sum(len(registry.names(kind)) for kind in HOOKS), 'torch' in sys.modules)\n"
    code += "print(any(m.startswith('skgan.losses.') for m in sys.modules))"
    count, torch, part = run(code, tmp_path)
    assert int(count) > 20
    assert (torch, part) == ("False", "False")


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in HOOKS for name in registry.names(kind)])
def test_every_name_leads_to_its_class_in_each_spelling(kind, name):
    found = registry.resolve(kind, name)
    assert registry.resolve(kind, name.replace("-", "_").upper()) is found
    origin = registry.provenance(kind, found)
    assert (origin["kind"], origin["distribution"]) == (kind, "skgan")
    assert registry.resolve(kind, origin["name"]) is found


def test_a_built_in_name_may_be_qualified():
    assert registry.resolve("loss", "skgan/wgan-gp") is WGANGP


def test_an_unknown_name_says_the_nearest_and_all():
    with pytest.raises(ComponentNotFoundError, match=r"Unknown loss 'wgan_pg'.*'rpgan'.*Did you mean 'wgan-gp'\?"):
        registry.resolve("loss", "wgan_pg")


def test_a_plugin_trains_by_name_and_is_recorded(plugins):
    plugins.install_loss("skgan-theirs", "their_loss")
    gan = GANEstimator("their-loss", **TINY).set_params(loss__scale=2.0).fit(X)
    assert (type(gan.loss_).__name__, gan.loss_.scale) == ("Theirs", 2.0)
    assert gan.provenance_["loss"] == {
        "kind": "loss",
        "name": "skgan-theirs/their-loss",
        "distribution": "skgan-theirs",
        "version": "1.2.3",
    }


def test_a_saved_model_needs_the_plugin_and_says_so(plugins, tmp_path):
    plugins.install_loss("skgan-theirs", "their-loss")
    gan = GANEstimator("their-loss", **TINY).set_params(loss__scale=2.0).fit(X)
    gan.save(tmp_path / "model")
    loaded = GANEstimator.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.sample(5, random_state=0), gan.sample(5, random_state=0))
    assert loaded.loss_.scale == 2.0
    plugins.uninstall_all()
    with pytest.raises((CheckpointError, ComponentNotFoundError, PluginError), match="skgan-theirs") as caught:
        GANEstimator.load(tmp_path / "model")
    assert "nstall" in str(caught.value)


BROKEN = {
    "missing import": "import nothing_of_that_name",
    "syntax error": "def (",
    "error on import": "1 / 0",
    "exit on import": "import sys; sys.exit(3)",
    "hook raises": OFFER.format(specs="1 / 0"),
    "hook returns a number": OFFER.format(specs="").replace("return []", "return 3"),
    "hook returns text": OFFER.format(specs="'theirs'"),
    "hook returns a bare spec": OFFER.format(specs="").replace("[]", spec("theirs", "m:C")),
    "unknown kind": OFFER.format(specs=spec("theirs", "m:C", kind="looss")),
    "misspelled hook": OFFER.format(specs=spec("theirs", "m:C")).replace("skgan_losses", "skgan_looses"),
    "hook wants an argument": OFFER.format(specs="").replace("losses()", "losses(nonsense)"),
    "one name twice": OFFER.format(specs=f"{spec('twice', 'm:C')}, {spec('twice', 'm:D')}"),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_plugin_fails_alone(plugins, reason):
    plugins.install("skgan-broken", BROKEN[reason])
    plugins.install_loss("skgan-healthy", "healthy")
    found, said = load_warnings(lambda: registry.resolve("loss", "healthy"))
    assert getattr(found, "__name__", found) == "Theirs"
    assert len(said) == 1
    assert "skgan-broken" in said[0]
    assert len(said[0]) <= 500
    assert registry.resolve("loss", "wgan-gp") is WGANGP


def test_a_broken_plugin_is_warned_of_once_and_named_in_later_refusals(plugins):
    plugins.install("skgan-broken", "1 / 0")
    first, said = load_warnings(lambda: registry.resolve("loss", "theirs"))
    again, said_again = load_warnings(lambda: registry.resolve("loss", "theirs"))
    assert (len(said), len(said_again)) == (1, 0)
    for error in (first, again):
        assert isinstance(error, ComponentNotFoundError)
        assert "skgan-broken" in str(error)


@pytest.mark.parametrize("target", ["nowhere_at_all:Theirs", "skgan_theirs:Theirs", "skgan_theirs", "failing:Theirs"])
def test_a_target_that_is_not_there_names_the_plugin(plugins, target):
    plugins.install("skgan-theirs", OFFER.format(specs=spec("theirs", target)), failing="1 / 0")
    with pytest.raises(PluginError, match=r"'skgan-theirs'.*Ask its authors") as caught:
        GANEstimator("theirs", **TINY).fit(X)
    assert target in str(caught.value)


def test_a_built_in_name_cannot_be_taken(plugins):
    plugins.install_loss("skgan-greedy", "wgan_gp")
    assert registry.resolve("loss", "wgan-gp") is WGANGP
    found, said = load_warnings(lambda: registry.resolve("loss", "skgan-greedy/wgan-gp"))
    assert found.__name__ == "Theirs"
    assert len(said) == 1
    assert "'skgan-greedy/wgan_gp'" in said[0] or "'skgan-greedy/wgan-gp'" in said[0]
    assert registry.resolve("loss", "wgan_gp") is WGANGP
    assert registry.provenance("loss", found)["name"] == "skgan-greedy/wgan-gp"


def test_two_plugins_with_one_name(plugins):
    plugins.install_loss("skgan-one", "theirs", cls="One")
    plugins.install_loss("skgan-two", "theirs", cls="Two")
    with pytest.raises(AmbiguousComponentError, match=r"'skgan-one/theirs', 'skgan-two/theirs'|two.*one"):
        GANEstimator("theirs", **TINY).fit(X)
    assert type(GANEstimator("skgan-two/theirs", **TINY).fit(X).loss_).__name__ == "Two"
    assert registry.resolve("loss", "skgan_one/THEIRS").__name__ == "One"


def test_built_in_names_load_no_plugin(plugins):
    plugins.install("skgan-heavy", "1 / 0")
    code = "from skgan import GANEstimator\nfrom skgan.architectures.mlp import MLP\n"
    code += "GANEstimator('wgan-gp', architecture=MLP(width=16, depth=2), max_iter=1).fit([[0.0], [1.0], [2.0]])\n"
    code += "print('skgan_heavy' in sys.modules)"
    assert run(code, plugins.folder) == ["False"]


def test_listing_plugins_imports_no_part(plugins):
    plugins.install_loss("skgan-theirs", "theirs")
    code = "from skgan import registry\n"
    code += (
        "try:\n    registry.resolve('loss', 'thiers')\nexcept ValueError as error:\n    print('theirs' in str(error))\n"
    )
    code += "print('skgan_theirs' in sys.modules, 'skgan_theirs_impl' in sys.modules, 'torch' in sys.modules)"
    assert run(code, plugins.folder) == ["True", "True", "False", "False"]


def test_a_plugin_part_of_the_wrong_family_is_refused(plugins):
    plugins.install("skgan-theirs", OFFER.format(specs=spec("theirs", "other:Theirs")), other="class Theirs: pass")
    with pytest.raises(SkganError, match="Theirs"):
        GANEstimator("theirs", **TINY).fit(X)
