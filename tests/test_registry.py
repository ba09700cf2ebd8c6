"""Names lead to parts: built-in ones unread, plugins isolated one by one."""

import inspect
import subprocess
import sys
import warnings
from importlib import metadata

import numpy as np
import pytest
from plugin_env import OFFER, plugin_environment, spec

from skgan import GANEstimator, registry, shipped
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
from skgan.interfaces import Loss
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


def test_all_there_is_to_say_of_a_built_in_part():
    told = registry.describe("loss", "wgan_gp")
    assert told.pop("document") == inspect.getdoc(WGANGP)
    assert told == {
        "kind": "loss",
        "name": "wgan-gp",
        "write": "wgan-gp",
        "aliases": (),
        "distribution": "skgan",
        "version": metadata.version("skgan"),
        "target": "skgan.losses.wgan_gp:WGANGP",
        "class": "skgan.losses.wgan_gp.WGANGP",
        "module": "skgan.losses.wgan_gp",
        "summary": inspect.getdoc(WGANGP).split("\n")[0],
        "status": "ready",
        "parameters": [{"name": "gp_weight", "default": "10.0", "allowed": "a finite float in the range [0, inf)"}],
    }


def test_all_there_is_to_say_of_a_plugins_part(plugins):
    plugins.install_loss("best-parts", "theirs", "their-loss", summary="It is theirs.")
    told = registry.describe("loss", "their-loss")
    assert {name: told[name] for name in ("name", "distribution", "version", "summary", "module", "class")} == {
        "name": "best-parts/theirs",
        "distribution": "best-parts",
        "version": "1.2.3",
        "summary": "It is theirs.",
        "module": "best_parts_impl",
        "class": "best_parts_impl.Theirs",
    }
    assert [(each["name"], each["default"]) for each in told["parameters"]] == [("scale", "1.0")]
    assert registry.name_of("loss", registry.resolve("loss", "theirs")) == "theirs"
    assert registry.name_of("loss", int) == "int"


@pytest.mark.parametrize("kind", HOOKS)
def test_every_built_in_part_is_summed_up_by_the_head_of_its_document(kind):
    for target, summary in shipped.summaries(kind).items():
        assert summary == inspect.getdoc(registry._imported(target)).partition("\n")[0]
    parts = [part for part in registry.listing() if part.kind == kind and part.distribution == "skgan"]
    assert sorted(name for part in parts for name in (part.name, *part.aliases)) == registry.names(kind)
    assert {part.target: part.summary for part in parts} == shipped.summaries(kind)
    assert [part.write for part in parts] == [part.name for part in parts]
    for part in parts:
        assert registry.resolve(kind, part.name) is registry._imported(part.target)


def test_several_kinds_of_values_are_told_with_or():
    told = {each["name"]: each["allowed"] for each in registry.describe("augmentation", "noise")["parameters"]}
    assert told["steps"] == "an int in the range [1, inf) or None"


def test_the_summary_of_a_part_that_says_none_is_the_head_of_its_document(plugins):
    class Mine(Loss):
        """The head.

        Middle.

        The end.
        """

        def discriminator(self, batch):
            return batch.fake_.logits

        generator = discriminator

    with registry.temporary_plugin(Mine):
        assert registry.describe("loss", "mine")["summary"] == "The head."
        assert registry.name_of("loss", Mine()) == "mine"


def test_built_in_parts_come_first_and_each_says_its_version(plugins):
    plugins.install_loss("a-first", "aaaa")
    losses = [part for part in registry.listing() if part.kind == "loss"]
    assert [part.distribution for part in losses] == ["skgan"] * (len(losses) - 1) + ["a-first"]
    assert losses[-1].version == "1.2.3"
    assert {part.version for part in losses[:-1]} == {metadata.version("skgan")}
    assert [part.name for part in losses[:-1]] == sorted(part.name for part in losses[:-1])
    kinds = [part.kind for part in registry.listing()]
    assert sorted(set(kinds), key=kinds.index) == [kind for kind in HOOKS if kind in kinds]
    assert kinds == sorted(kinds, key=list(HOOKS).index)


@pytest.mark.parametrize(
    "text",
    [
        "NAMES = {'a': 'A'}",
        "NAMES: dict[str, str] = {'a': 'A'}",
        "x = 1\nNAMES = {  # a brace } in a comment\n    'a': 'A',\n}\n",
        "NAMES: dict[str, str] = {  # a brace } in a comment\n    'a': 'A',\n}\n",
        "(x, y), NAMES_OF = (1, 2), {}\nx: int\nNAMES: dict\nNAMES = {  # a }\n    'a': 'A'}",
    ],
    ids=["plain", "annotated", "a brace in a comment", "annotated, with a brace", "others before it"],
)
def test_the_literal_of_names_is_found(text):
    assert shipped._literal_names(text) == {"a": "A"}


@pytest.mark.parametrize("text", ["", "x = {'a': 'A'}", "# NAMES\nimport os", "print(NAMES)"])
def test_a_file_without_names_offers_nothing(text):
    assert shipped._literal_names(text) == {}
