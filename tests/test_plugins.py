"""Plugins by strangers: work together, fail alone, are switched, listed, shown and told of fits."""

import json
import os
import re
import subprocess
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from plugin_env import OFFER, PART, offer, plugin_environment, spec
from sklearn.model_selection import GridSearchCV

import skgan
from skgan import ComponentSpec, GANEstimator, hookspecs, plugins, registry
from skgan.architectures.mlp import MLP
from skgan.cli import main
from skgan.exceptions import (
    AmbiguousComponentError,
    ComponentNotFoundError,
    InvalidParameterError,
    PluginError,
    PluginLoadWarning,
)
from skgan.hookspecs import EVENTS_GROUP, HOOKS, HOOKS_OF_GROUP, PARTS_GROUP
from skgan.interfaces import Callback, Loss
from skgan.losses.minimax import Minimax
from skgan.losses.wgan_gp import WGANGP
from skgan.versions import versions

TINY = {"architecture": MLP(width=16, depth=2), "max_iter": 2, "latent_dim": 8, "random_state": 0}
X = np.random.default_rng(0).standard_normal((12, 3))
Y = np.arange(12) % 2
PAGE = (Path(__file__).parent.parent / "docs" / "plugins.md").read_text(encoding="utf-8")


@pytest.fixture
def site(tmp_path):
    with plugin_environment(tmp_path / "site") as environment:
        yield environment


@pytest.fixture(autouse=True)
def no_switch_and_no_registration(monkeypatch):
    for name in ("PLUGINS", "DISABLE_PLUGINS", "STRICT_PLUGINS", "TRACE_PLUGINS"):
        monkeypatch.delenv(f"SKGAN_{name}", raising=False)
    before = list(registry._local)
    yield
    registry._local[:] = before


def told(call):
    """Return what `call` returns, and the texts of its plugin warnings; other warnings are errors."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", PluginLoadWarning)
        result = call()
    return result, [str(each.message) for each in caught]


def quietly(call):
    return told(call)[0]


def status_of(distribution, group=PARTS_GROUP):
    found = {plugin.distribution: plugin for plugin in plugins.loaded(group, tell=False)}
    return found[distribution]


# --- strangers together ---------------------------------------------------------------------------

ARCHITECTURE = """
    from torch import nn
    from skgan.interfaces import Architecture

    class G(nn.Module):
        def __init__(self, spec):
            super().__init__()
            self.linear = nn.Linear(spec.latent_dim + spec.label_dim, spec.n_values)

        def forward(self, z, y):
            import torch
            return self.linear(torch.cat([z, y], 1))

    class D(nn.Module):
        def __init__(self, spec, conditioning, width):
            super().__init__()
            self.stack = nn.Sequential(nn.Linear(spec.n_values, width), nn.Softplus())
            self.embed, self.head = conditioning.embed(spec), conditioning.head(width, spec)

        def forward(self, x, y):
            return self.head(self.stack(x), self.embed(y))

    class Theirs(Architecture):
        def __init__(self, width=4):
            self.width = width

        def generator(self, spec, conditioning):
            return G(spec)

        def discriminator(self, spec, conditioning):
            return D(spec, conditioning, self.width)
"""
CONDITIONING = """
    from torch import nn
    from skgan.interfaces import Conditioning, Critique
    from skgan.layers import NoEmbedding

    class Head(nn.Module):
        def __init__(self, width, dim):
            super().__init__()
            self.from_features, self.from_labels = nn.Linear(width, 1), nn.Linear(dim, 1)

        def forward(self, features, e):
            return Critique((self.from_features(features) + self.from_labels(e)).squeeze(1), features)

    class Theirs(Conditioning):
        def embed(self, spec):
            return NoEmbedding(spec.label_dim)

        def head(self, width, spec):
            return Head(width, spec.label_dim)
"""
METRIC = """
    from skgan.interfaces import Metric, Score

    class Theirs(Metric):
        greater_is_better = False

        def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
            gap = abs(X_real.mean(0) - X_fake.mean(0)).sum()
            return Score(gap, greater_is_better=False, protocol={"metric": "theirs"})
"""
CALLBACK = """
    from skgan.interfaces import Callback

    class Theirs(Callback):
        steps = []

        def on_tick(self, view):
            self.steps.append(view.step)
"""
STRANGERS = {
    "loss": PART.format(cls="Theirs"),
    "architecture": ARCHITECTURE,
    "conditioning": CONDITIONING,
    "metric": METRIC,
    "callback": CALLBACK,
}
GRID = {"loss": ["theirs-loss", "skgan-greedy/minimax", "minimax"], "architecture__width": [3, 5]}


def invite(site):
    """Install five strangers, a broken plugin, one that claims a built-in name, and two that claim one name."""
    for kind, part in STRANGERS.items():
        module = f"their_{kind}_impl"
        entry = offer(kind, spec(f"theirs-{kind}", f"{module}:Theirs", kind))
        site.install(f"skgan-their-{kind}", entry, **{module: part})
    site.install("skgan-broken", "raise OSError('no such disk')")
    site.install_loss("skgan-greedy", "minimax", "shared", cls="Greedy")
    site.install_loss("skgan-other", "shared", cls="Other")


def strangers_grid(n_jobs):
    gan = GANEstimator(
        "theirs-loss",
        architecture="theirs-architecture",
        conditioning="theirs_conditioning",
        scoring="theirs-metric",
        callbacks="THEIRS-callback",
        max_iter=2,
        latent_dim=4,
        random_state=0,
    )
    return GridSearchCV(gan, GRID, cv=2, n_jobs=n_jobs, error_score="raise").fit(X, Y)


def test_five_strangers_work_together_beside_broken_ones(site):
    invite(site)
    search, said = told(lambda: strangers_grid(1))
    assert len(said) == 2  # each culprit once, whatever number of fits
    broken = next(text for text in said if "skgan-broken" in text)
    greedy = next(text for text in said if "skgan-greedy" in text)
    assert "OSError: no such disk" in broken
    assert "'minimax' is built in; write 'skgan-greedy/minimax'" in greedy
    origins = {name: origin["name"] for name, origin in search.best_estimator_.provenance_.items()}
    assert origins["architecture"] == "skgan-their-architecture/theirs-architecture"
    assert origins["conditioning"] == "skgan-their-conditioning/theirs-conditioning"
    assert search.best_estimator_.sample(3, 1).shape == (3, 3)
    assert sys.modules["their_callback_impl"].Theirs.steps == [2] * 13
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert (search.cv_results_["mean_test_score"] <= 0).all()
    assert registry.resolve("loss", "minimax") is Minimax
    with pytest.raises(AmbiguousComponentError, match="'skgan-greedy/shared', 'skgan-other/shared'"):
        registry.resolve("loss", "shared")


@pytest.mark.fault("F40")
def test_strangers_reach_the_processes_of_a_parallel_search(site):
    invite(site)
    code = "import warnings; warnings.simplefilter('ignore')\n"
    code += "from test_plugins import strangers_grid\n"
    code += "print(*(strangers_grid(n).cv_results_['mean_test_score'] for n in (1, 2)), sep='|')\n"
    path = os.pathsep.join((str(site.folder), str(Path(__file__).parent)))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    one, two = done.stdout.split("|")
    assert one.split() == two.split()


@pytest.mark.goal("G24")
def test_import_and_built_in_fits_notice_no_plugin(site):
    invite(site)
    code = "import sys, skgan\nfrom skgan.architectures.mlp import MLP\n"
    code += "skgan.GANEstimator('minimax', architecture=MLP(4, 1), max_iter=1).fit([[0.0], [1.0], [2.0]])\n"
    code += "print([name for name in sys.modules if name.startswith(('their_', 'skgan_'))])"
    environment = os.environ | {"PYTHONPATH": str(site.folder)}
    command = [sys.executable, "-W", "error", "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout == "[]\n"


# --- what a spec says -----------------------------------------------------------------------------


def test_aliases_lead_to_the_part_which_keeps_its_name(site):
    site.install_loss("skgan-theirs", "theirs", aliases=("th", "Their_Loss"))
    found = registry.resolve("loss", "their-loss")
    assert registry.resolve("loss", "skgan-theirs/th") is found is registry.resolve("loss", "theirs")
    assert registry.provenance("loss", found)["name"] == "skgan-theirs/theirs"


def test_a_part_for_another_interface_is_listed_and_refused_alone(site):
    site.install(
        "skgan-theirs",
        OFFER.format(specs=f"{spec('new', 'impl_a:Theirs', api=2)}, {spec('now', 'impl_a:Theirs', api=1)}"),
        impl_a=PART.format(cls="Theirs"),
    )
    with pytest.raises(PluginError, match=r"'new'.*'skgan-theirs' was written for part API 2; this skgan knows 1"):
        registry.resolve("loss", "new")
    assert registry.resolve("loss", "now").__name__ == "Theirs"
    status = {part.name: part.status for part in registry.listing() if part.distribution == "skgan-theirs"}
    assert status == {"new": "written for part API 2; this skgan knows 1", "now": "ready"}


def test_a_missing_requirement_is_named_on_use(site):
    site.install_loss("skgan-theirs", "theirs", requires=("numpy.linalg", "no_such_package.part"))
    (part,) = [part for part in registry.listing() if part.distribution == "skgan-theirs"]
    assert part.status == "needs no_such_package.part"
    with pytest.raises(PluginError, match=r"'skgan-theirs' needs no_such_package\.part.*Install no_such_package"):
        GANEstimator("theirs", **TINY).fit(X)
    site.write(no_such_package="")
    site.look_again()
    assert GANEstimator("theirs", **TINY).fit(X).loss_.scale == 1.0


def test_a_target_may_be_a_class(site):
    text = OFFER.format(specs="ComponentSpec('loss', 'theirs', Theirs)").replace(
        "from skgan import", "from impl_b import Theirs\n    from skgan import"
    )
    site.install("skgan-theirs", text, impl_b=PART.format(cls="Theirs"))
    gan = GANEstimator("theirs", **TINY).fit(X)
    assert gan.provenance_["loss"]["name"] == "skgan-theirs/theirs"


def test_a_class_handed_on_by_its_package_is_recognised(site):
    target = spec("theirs", "impl_front:Theirs")
    site.install(
        "skgan-theirs",
        OFFER.format(specs=target),
        impl_front="from impl_back import Theirs",
        impl_back=PART.format(cls="Theirs"),
    )
    gan = GANEstimator("theirs", **TINY).fit(X)
    assert gan.provenance_["loss"]["name"] == "skgan-theirs/theirs"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (spec(3, "m:C"), "the name of a loss must be letters.*got 3"),
        (spec("a/b", "m:C"), "the name of a loss"),
        (spec("", "m:C"), "the name of a loss"),
        (spec("a", 3), "target of 'a' must be 'package.module:Class', got int"),
        (spec("a", "m:C", summary=3), "summary of 'a' must be a str, got int"),
        (spec("a", "m:C", aliases="b"), "aliases of 'a' must be a tuple of str, got str"),
        (spec("a", "m:C", requires=(3,)), "requires of 'a' must be a tuple of str"),
        (spec("a", "m:C", api="1"), "api of 'a' must be an int of at least 1, got '1'"),
        (spec("a", "m:C", api=True), "api of 'a'"),
        (spec("a", "m:C", kind=None), "kind of a ComponentSpec must be one of .*got None"),
        (spec("a", "m:C", kind="metric"), "skgan_losses returned a metric, 'a'; that belongs in skgan_metrics"),
        (f"{spec('a', 'm:C')}, {spec('b', 'm:D', aliases=('A',))}", "'loss a' more than once"),
        ("'theirs'", "skgan_losses returned str, not a ComponentSpec"),
    ],
)
def test_a_wrong_spec_leaves_its_plugin_out(site, text, says):
    site.install("skgan-theirs", OFFER.format(specs=text))
    _, said = told(lambda: registry.listing())
    assert len(said) == 1
    assert re.search(rf"'skgan-theirs' was left out: .*{says}", said[0])
    assert len(said[0]) <= 500


# --- names ----------------------------------------------------------------------------------------


def test_an_alias_that_is_built_in_is_reserved(site):
    site.install_loss("skgan-theirs", "theirs", aliases=("WGAN_gp",))
    found, said = told(lambda: registry.resolve("loss", "theirs"))
    assert len(said) == 1
    assert "'wgan-gp' is built in" in said[0]
    assert registry.resolve("loss", "wgan-gp") is WGANGP
    assert registry.resolve("loss", "skgan-theirs/wgan-gp") is found


def test_an_alias_can_make_a_name_ambiguous(site):
    site.install_loss("skgan-one", "first", aliases=("both",))
    site.install_loss("skgan-two", "both", cls="Two")
    with pytest.raises(AmbiguousComponentError, match="'skgan-one/both', 'skgan-two/both'"):
        registry.resolve("loss", "both")
    written = {part.distribution: part.write for part in registry.listing() if part.distribution != "skgan"}
    assert written == {"skgan-one": "first", "skgan-two": "skgan-two/both"}


def test_equal_names_of_entry_points_and_spellings_of_distributions(site):
    for name in ("Skgan.One", "skgan_two"):
        module = f"entry_{name[-3:].lower()}"
        impl = f"impl_{name[-3:].lower()}"
        site.write(**{module: OFFER.format(specs=spec(name[-3:], f"{impl}:Theirs")), impl: PART.format(cls="Theirs")})
        site.install(name, "", points=f"[skgan]\nsame = {module}\n")
    assert registry.resolve("loss", "one").__module__ == "impl_one"
    assert registry.resolve("loss", "skgan-two/two").__module__ == "impl_two"
    assert registry.resolve("loss", "skgan-one/one").__module__ == "impl_one"


def test_one_distribution_with_two_entry_points_is_one_plugin(site):
    site.write(entry_a=OFFER.format(specs=spec("same", "m:A")), entry_b=OFFER.format(specs=spec("same", "m:B")))
    site.install("skgan-theirs", "", points="[skgan]\na = entry_a\nb = entry_b\n")
    _, said = told(lambda: registry.listing())
    assert re.findall("'skgan-theirs' was left out: it offers 'loss same' more than once", *said)


def test_a_distribution_must_not_be_called_local(site):
    site.install_loss("local", "theirs")
    _, said = told(lambda: registry.listing())
    assert "the name 'local' of a distribution is reserved" in said[0]


# --- isolation ------------------------------------------------------------------------------------

HOOK = """
    from skgan import ComponentSpec, hookimpl

    @hookimpl{mark}
    def {name}():
        {body}
"""


def hook(body, name="skgan_losses", mark=""):
    return HOOK.format(name=name, body=body, mark=mark)


CULPRITS = {
    "a BaseException of its own": ("class Odd(BaseException): pass\nraise Odd('strange')", "Odd: strange"),
    "exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "generator exit": ("raise GeneratorExit", "GeneratorExit"),
    "an error without words": ("class Mute(Exception):\n    def __str__(self): 1 / 0\nraise Mute", "Mute"),
    "a long error": ("raise ValueError('x' * 9999)", "ValueError: xxx"),
    "a hook that stops halfway": (
        hook("yield ComponentSpec('loss', 'theirs', 'm:C'); raise KeyError('halfway')"),
        "KeyError: 'halfway'",
    ),
    "an endless hook": (
        hook("i = 0\n        while True: i += 1; yield ComponentSpec('loss', f'a{i}', 'm:C')"),
        "skgan_losses offers more than 10000 parts",
    ),
    "a hook that exits": (hook("raise SystemExit('bye')"), "SystemExit: bye"),
    "an unknown hook": (
        hook("return []", name="skgan_loses"),
        r"unknown hook 'skgan_loses': written for another skgan version\? Did you mean 'skgan_losses'\?.*fit_finished",
    ),
    "a hook with arguments": (hook("return []").replace("()", "(nonsense)"), "PluginValidationError.*nonsense"),
}


@pytest.mark.goal("G24")
@pytest.mark.fault("F41")
@pytest.mark.parametrize("culprit", CULPRITS)
def test_each_culprit_is_named_once_with_the_reason(site, culprit):
    text, says = CULPRITS[culprit]
    site.install("skgan-broken", text)
    site.install_loss("skgan-healthy", "healthy")
    found, said = told(lambda: [registry.resolve("loss", "healthy") for _ in range(3)])
    assert found[0].__name__ == "Theirs"
    assert len(said) == 1
    assert re.search(f"'skgan-broken' was left out: .*{says}", said[0])
    assert len(said[0]) <= 500
    assert said[0].endswith("Update or uninstall it.") or len(said[0]) > 480


def test_ctrl_c_is_the_users(site):
    site.install("skgan-theirs", "raise KeyboardInterrupt")
    site.install_loss("skgan-zealous", "healthy")
    for _ in range(2):  # nothing half-loaded is kept
        with pytest.raises(KeyboardInterrupt):
            registry.resolve("loss", "healthy")


def test_a_hook_of_a_newer_skgan_may_be_optional(site):
    site.install("skgan-theirs", hook("return []", name="skgan_telescopes", mark="(optionalhook=True)"))
    _, said = told(lambda: registry.listing())
    assert said == []
    assert status_of("skgan-theirs").status == "loaded"


def test_an_entry_point_to_a_class_says_what_it_should_be(site):
    site.write(entry_c="class Hooks: pass")
    site.install("skgan-theirs", "", points="[skgan]\na = entry_c:Hooks\n")
    _, said = told(lambda: registry.listing())
    assert "'skgan-theirs' was left out: Hooks is a class, but hooks belong in a module" in said[0]


def test_unreadable_entry_points_are_named(site):
    site.install("skgan-theirs", "", points="[skgan]\nnonsense\n")
    site.install_loss("skgan-healthy", "healthy")
    found, said = told(lambda: registry.resolve("loss", "healthy"))
    assert found.__name__ == "Theirs"
    assert len(said) == 1
    assert re.search("skgan.theirs.*entry points cannot be read", said[0])


def test_what_a_plugin_prints_stays_off_stdout(site, capsys):
    site.install("skgan-loud", "print('hello')\n" + hook("print('again'); return []").replace("\n    ", "\n"))
    registry.listing()
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\nagain\n")


def test_what_a_plugin_warns_of_is_said_in_its_name_and_breaks_nothing(site):
    text = "import warnings; warnings.warn('old driver'); warnings.warn('for authors', DeprecationWarning)\n"
    site.install("skgan-worried", text + hook("return []").replace("\n    ", "\n"))
    _, said = told(lambda: [registry.listing() for _ in range(2)])
    assert len(said) == 1
    assert "'skgan-worried' is loaded, but look at it: it warned UserWarning: old driver." in said[0]


def test_where_warnings_are_errors_the_first_use_fails_and_later_ones_do_not(site):
    site.install("skgan-broken", "1 / 0")
    site.install_loss("skgan-healthy", "healthy")
    with pytest.raises(PluginLoadWarning, match="skgan-broken"):
        registry.resolve("loss", "healthy")
    assert registry.resolve("loss", "healthy").__name__ == "Theirs"


def test_a_plugin_may_ask_for_parts_while_it_is_loaded(site):
    text = "from skgan import registry\ntry: registry.resolve('loss', 'nobodys')\nexcept ValueError: pass\n"
    site.install("skgan-curious", text + hook("return []").replace("\n    ", "\n"))
    assert quietly(lambda: registry.names("loss"))
    assert registry.listing()
    assert status_of("skgan-curious").status == "loaded"


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("class Theirs: pass", r"Theirs does not derive from skgan\.interfaces\.Loss"),
        ("Theirs = 3", r"an object of int does not derive"),
        ("from skgan.interfaces import Loss\nclass Theirs(Loss): pass", "Theirs lacks 'discriminator', 'generator'"),
        (
            PART.format(cls="Theirs").replace("scale=1.0", "scale"),
            "constructor of Theirs takes 'scale' without a default",
        ),
        ("raise SystemExit(3)", r"could not be loaded from 'impl_c:Theirs': SystemExit: 3"),
        ("Other = 3", r"could not be loaded from 'impl_c:Theirs': AttributeError"),
    ],
)
def test_a_class_that_is_no_part_is_refused_in_its_plugins_name(site, part, says):
    site.install("skgan-theirs", OFFER.format(specs=spec("theirs", "impl_c:Theirs")), impl_c=part)
    with pytest.raises(PluginError, match=rf"The loss 'theirs' of the plugin 'skgan-theirs'.*{says}") as caught:
        GANEstimator("theirs", **TINY).fit(X)
    assert "Ask its authors" in str(caught.value)


def test_a_refusal_says_why_the_plugin_that_was_named_is_not_there(site):
    site.install("skgan-broken", "raise OSError('no such disk')")
    with pytest.raises(ComponentNotFoundError, match="'skgan-broken' is failed: OSError: no such disk"):
        quietly(lambda: registry.resolve("loss", "skgan_broken/theirs"))


def test_an_unknown_family_says_which_there_are():
    with pytest.raises(InvalidParameterError, match=r"kind must be one of 'loss'.*Did you mean 'metric'\?"):
        registry.resolve("metrics", "energy")


# --- switches -------------------------------------------------------------------------------------


def offered():
    return {part.distribution for part in quietly(registry.listing)} - {"skgan"}


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, {"skgan-one", "skgan-two"}),
        ({"SKGAN_PLUGINS": ""}, set()),
        ({"SKGAN_PLUGINS": "skgan_TWO, absent"}, {"skgan-two"}),
        ({"SKGAN_DISABLE_PLUGINS": "skgan-one"}, {"skgan-two"}),
        ({"SKGAN_DISABLE_PLUGINS": "skgan.one,skgan-two"}, set()),
        ({"SKGAN_PLUGINS": "skgan-one", "SKGAN_DISABLE_PLUGINS": "skgan-one"}, set()),
    ],
)
def test_which_plugins_may_be_loaded(site, monkeypatch, switches, expected):
    site.install_loss("skgan-one", "first")
    site.install_loss("skgan-two", "second")
    for name, value in switches.items():
        monkeypatch.setenv(name, value)
    assert offered() == expected
    assert {name for name in ("skgan_one", "skgan_two") if name in sys.modules} == {
        name.replace("-", "_") for name in expected
    }


def test_a_disabled_plugin_is_not_loaded_and_named_when_it_is_asked_for(site, monkeypatch):
    site.install("skgan-one", "1 / 0")
    monkeypatch.setenv("SKGAN_DISABLE_PLUGINS", "skgan-one")
    with pytest.raises(ComponentNotFoundError, match="'skgan-one' is disabled: named in SKGAN_DISABLE_PLUGINS"):
        registry.resolve("loss", "skgan-one/first")
    with pytest.raises(ComponentNotFoundError, match="Not loaded: 'skgan-one'"):
        registry.resolve("loss", "first")


def test_events_obey_the_switches(site, monkeypatch):
    site.install_events("skgan-watching", "1 / 0")
    monkeypatch.setenv("SKGAN_PLUGINS", "")
    GANEstimator(**TINY).fit(X)


def test_strict_makes_a_broken_plugin_an_error_every_time(site, monkeypatch):
    site.install("skgan-broken", "raise OSError('no such disk')")
    site.install_loss("skgan-healthy", "healthy")
    monkeypatch.setenv("SKGAN_STRICT_PLUGINS", "1")
    for _ in range(2):
        with pytest.raises(PluginError, match=r"'skgan-broken'.*no such disk.*SKGAN_STRICT_PLUGINS"):
            registry.resolve("loss", "healthy")
    assert registry.resolve("loss", "wgan-gp") is WGANGP
    monkeypatch.setenv("SKGAN_STRICT_PLUGINS", "0")
    assert quietly(lambda: registry.resolve("loss", "healthy")).__name__ == "Theirs"


@pytest.mark.parametrize("on", [True, False])
def test_tracing_writes_the_calls_of_hooks(site, monkeypatch, capsys, on):
    site.install_loss("skgan-theirs", "theirs")
    if on:
        monkeypatch.setenv("SKGAN_TRACE_PLUGINS", "1")
    registry.listing()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("skgan_losses" in captured.err and "theirs" in captured.err) is on


# --- events ---------------------------------------------------------------------------------------

WATCHING = """
    from skgan import hookimpl
    seen = []

    @hookimpl
    def skgan_fit_started(run):
        seen.append(("started", run))
        {body}

    @hookimpl
    def skgan_fit_finished(run, error):
        seen.append(("finished", error))
        return "ignored"
"""


def watch(site, body="return 'ignored'", distribution="skgan-watching"):
    site.install_events(distribution, WATCHING.format(body=body))
    return lambda: sys.modules[distribution.replace("-", "_")].seen


def test_a_fit_is_told_of_twice(site):
    seen = watch(site)
    gan = GANEstimator("wgan-gp", **TINY).fit(X, Y)
    (_, run), (_, error) = seen()
    assert [name for name, _ in seen()] == ["started", "finished"]
    assert error is None
    assert (run.params["loss"], run.params["max_iter"]) == ("'wgan-gp'", "2")
    assert run.params["architecture"] == "MLP(depth=2, width=16)"
    assert run.spec == gan._model_.spec
    assert dict(run.provenance) == gan.provenance_
    for change in (lambda: setattr(run, "spec", None), lambda: run.params.update(loss="mine")):
        with pytest.raises((AttributeError, TypeError)):
            change()
    gan.partial_fit(X, Y)
    assert [name for name, _ in seen()] == ["started", "finished"] * 2


class Stumbling(Callback):
    def on_tick(self, view):
        raise KeyboardInterrupt if self.interrupt else MemoryError

    def __init__(self, interrupt=False):
        self.interrupt = interrupt


def test_an_error_is_told_and_goes_on_its_way(site):
    seen = watch(site)
    gan = GANEstimator("wgan-gp", **TINY | {"callbacks": Stumbling(interrupt=True)})
    with pytest.raises(KeyboardInterrupt):
        gan.fit(X)
    assert [name for name, _ in seen()] == ["started", "finished"]
    assert isinstance(seen()[1][1], KeyboardInterrupt)


def test_what_is_refused_before_training_is_no_fit(site):
    seen = watch(site)
    GANEstimator(**TINY).fit(X)
    with pytest.raises(InvalidParameterError):
        GANEstimator(**TINY | {"batch_size": 0}).fit(X)
    assert len(seen()) == 2


MEDDLING = {
    "nothing": "pass",
    "raises": "1 / 0",
    "exits": "raise SystemExit",
    "turns gradients off": "import torch; torch.set_grad_enabled(False)",
    "another default dtype": "import torch; torch.set_default_dtype(torch.float64)",
}


@pytest.mark.fault("F35")
@pytest.mark.parametrize("body", MEDDLING.values(), ids=MEDDLING)
def test_observers_change_no_number(site, body):
    expected = GANEstimator(**TINY).fit(X).sample(5, random_state=0)
    seen = watch(site, body)
    watched = quietly(lambda: GANEstimator(**TINY).fit(X))
    assert seen()
    np.testing.assert_array_equal(watched.sample(5, random_state=0), expected)


@pytest.mark.fault("F36")
def test_an_observer_that_raises_is_named_once_and_told_no_more(site):
    seen = watch(site, "raise OSError('disk full')", "skgan-raising")
    others = watch(site)
    _, said = told(lambda: [GANEstimator(**TINY).fit(X) for _ in range(3)])
    assert len(said) == 1
    assert re.search("'skgan-raising' is told of no more fits: skgan_fit_started raised OSError: disk full", said[0])
    assert len(seen()) == 1
    assert len(others()) == 6


def test_an_observer_that_cannot_be_loaded_is_named_and_the_fit_goes_on(site):
    site.install_events("skgan-watching", "1 / 0")
    _, said = told(lambda: [GANEstimator(**TINY).fit(X) for _ in range(2)])
    assert len(said) == 1
    assert re.search("'skgan-watching' was left out: ZeroDivisionError.*not told of fits", said[0])


def test_an_observers_failure_does_not_hide_the_error(site):
    text = WATCHING.format(body="pass").replace('return "ignored"', "1 / 0")
    site.install_events("skgan-watching", text)
    with pytest.raises(KeyboardInterrupt):  # although warnings are errors here
        GANEstimator(**TINY | {"callbacks": Stumbling(interrupt=True)}).fit(X)


def test_only_the_group_of_events_is_loaded_at_fit(site):
    site.write(entry_d=WATCHING.format(body="pass"))
    points = "[skgan]\nparts = skgan_both\n[skgan.events]\nevents = entry_d\n"
    site.install("skgan-both", OFFER.format(specs=""), points=points)
    GANEstimator("wgan-gp", **TINY).fit(X)
    assert "entry_d" in sys.modules
    assert "skgan_both" not in sys.modules


def test_an_event_in_the_group_of_parts_is_pointed_out(site):
    site.install("skgan-watching", WATCHING.format(body="pass"))
    _, said = told(lambda: [GANEstimator(**TINY).fit(X), registry.listing()])
    assert len(said) == 1
    assert re.search("'skgan-watching'.*'skgan_fit_started'.*entry-point group 'skgan.events'", said[0])
    assert sys.modules["skgan_watching"].seen == []


def test_one_module_may_be_in_both_groups(site):
    points = "[skgan]\nparts = skgan_both\n[skgan.events]\nevents = skgan_both\n"
    site.install("skgan-both", WATCHING.format(body="pass"), points=points)
    _, said = told(lambda: [registry.listing(), GANEstimator(**TINY).fit(X)])
    assert said == []
    assert len(sys.modules["skgan_both"].seen) == 2


# --- this session ---------------------------------------------------------------------------------


class Mine(Minimax):
    pass


class Unfinished(Loss):
    pass


def test_a_registered_class_trains_by_name_and_goes_away():
    assert skgan.register(Mine) is Mine
    gan = GANEstimator("mine", **TINY).fit(X)
    assert gan.provenance_["loss"]["name"] == "local/mine"
    assert registry.resolve("loss", "LOCAL/Mine") is Mine
    assert [part.write for part in registry.listing() if part.distribution == "local"] == ["mine"]
    skgan.unregister("loss", "local/mine")
    with pytest.raises(ComponentNotFoundError, match=r"'local/mine'.*skgan\.register"):
        registry.resolve("loss", "local/mine")


@pytest.mark.parametrize("name", ["my-own", "MY_OWN", "local/my-own", "Local/My_Own"])
def test_a_registered_part_goes_away_under_every_spelling_of_its_name(name):
    skgan.register(Mine, name="My_Own")
    assert registry.resolve("loss", name) is Mine
    assert registry.provenance("loss", Mine)["name"] == "local/my-own"
    skgan.unregister("loss", name)
    with pytest.raises(ComponentNotFoundError):
        registry.resolve("loss", name)
    with pytest.raises(ComponentNotFoundError):
        skgan.unregister("loss", name)


def test_a_registered_part_survives_saving(tmp_path):
    skgan.register(Mine, name="kept")
    gan = GANEstimator("kept", **TINY).fit(X)
    gan.save(tmp_path / "model")
    np.testing.assert_array_equal(
        GANEstimator.load(tmp_path / "model").sample(3, random_state=0), gan.sample(3, random_state=0)
    )


def test_a_built_in_name_is_taken_only_with_override(site):
    with pytest.warns(PluginLoadWarning, match="'wgan-gp' are built in.*local/wgan-gp"):
        skgan.register(Mine, name="wgan_gp")
    assert registry.resolve("loss", "wgan-gp") is WGANGP
    assert registry.resolve("loss", "local/wgan-gp") is Mine
    skgan.register(Mine, name="wgan_gp", override=True)
    assert registry.resolve("loss", "wgan-gp") is Mine
    assert registry.resolve("loss", "skgan/wgan-gp") is WGANGP
    for part_class, name in ((Mine, "local/wgan-gp"), (WGANGP, "skgan/wgan-gp")):
        assert registry.provenance("loss", part_class)["name"] == name
        assert registry.resolve("loss", name) is part_class
    written = {part.target: part.write for part in registry.listing() if part.name == "wgan-gp"}
    assert written == {"skgan.losses.wgan_gp:WGANGP": "skgan/wgan-gp", f"{__name__}:Mine": "wgan-gp"}
    skgan.unregister("loss", "wgan-gp")
    assert registry.resolve("loss", "wgan-gp") is WGANGP


def test_a_plugins_name_becomes_ambiguous_or_overridden(site):
    site.install_loss("skgan-theirs", "theirs")
    skgan.register(Mine, name="theirs")
    with pytest.raises(AmbiguousComponentError, match="'local/theirs', 'skgan-theirs/theirs'"):
        registry.resolve("loss", "theirs")
    skgan.register(Mine, name="theirs", override=True)
    assert registry.resolve("loss", "theirs") is Mine
    assert registry.resolve("loss", "skgan-theirs/theirs").__name__ == "Theirs"


def test_another_class_of_the_same_name_is_refused_and_the_same_one_replaced():
    skgan.register(Mine, name="taken")
    again = type("Mine", (Minimax,), {"__module__": __name__})  # a cell of a notebook, run again
    skgan.register(again, name="taken")
    assert registry.resolve("loss", "taken") is again
    with pytest.raises(InvalidParameterError, match=r"local/taken is .*:Mine.*unregister\('loss', 'taken'\) first"):
        skgan.register(Minimax, name="taken")
    skgan.register(Mine, name="elsewhere")


@pytest.mark.parametrize(
    ("part", "settings", "says"),
    [
        (Minimax(), {}, "part must be a class or a ComponentSpec. Got an object of type Minimax"),
        (3, {}, "part must be a class or a ComponentSpec. Got 3"),
        (int, {}, "int must derive from a class of skgan.interfaces, or kind must say one of"),
        (int, {"kind": "loss"}, r"int does not derive from skgan\.interfaces\.Loss"),
        (Unfinished, {}, "Unfinished lacks 'discriminator', 'generator'"),
        (Mine, {"kind": "looss"}, "kind of a ComponentSpec must be one of"),
        (Mine, {"name": "a/b"}, "the name of a loss must be letters"),
    ],
)
def test_what_is_no_part_is_not_registered(part, settings, says):
    with pytest.raises(InvalidParameterError, match=says):
        skgan.register(part, **settings)
    assert registry._local == []


def test_a_spec_can_be_registered_under_another_name():
    given = ComponentSpec("loss", "theirs", "skgan.losses.wgan_gp:WGANGP", aliases=("th",))
    assert skgan.register(given, name="ours") is given
    assert registry.resolve("loss", "th") is registry.resolve("loss", "ours") is WGANGP
    with pytest.raises(ComponentNotFoundError, match=r"'uors' must be one that register\(\) added: 'ours'"):
        skgan.unregister("loss", "uors")


class Hooks:
    @skgan.hookimpl
    def skgan_losses(self):
        return [ComponentSpec("loss", "temporary", "skgan.losses.wgan_gp:WGANGP")]


@pytest.mark.parametrize("plugin", [Hooks(), Mine, [Mine, Stumbling], ComponentSpec("loss", "temporary", Mine)])
def test_a_temporary_plugin_goes_away_whatever_happens(plugin):
    with registry.temporary_plugin(plugin) as specs:
        assert all(isinstance(registry.resolve(each.kind, each.name), type) for each in specs)
        assert specs
    assert registry._local == []
    with pytest.raises(ZeroDivisionError), registry.temporary_plugin(plugin):
        raise ZeroDivisionError
    assert registry._local == []


def test_a_broken_temporary_plugin_is_refused():
    class Broken:
        @skgan.hookimpl
        def skgan_losses(self):
            return [3]

    with pytest.raises(PluginError, match="skgan_losses returned int"), registry.temporary_plugin(Broken()):
        pass
    with pytest.raises(PluginError, match="Hooks is a class"), registry.temporary_plugin(Hooks):
        pass


# --- listing, showing, checking -------------------------------------------------------------------


def test_the_listing_holds_every_name_and_imports_nothing(site):
    site.install_loss("skgan-theirs", "theirs", summary="Theirs.")
    code = "import sys\nfrom skgan import registry\nparts = registry.listing()\n"
    code += "print(*(f'{p.kind} {n}' for p in parts for n in (p.name, *p.aliases)), sep='\\n', file=sys.stderr)\n"
    code += "print('torch' in sys.modules, 'skgan_theirs_impl' in sys.modules, all(p.summary for p in parts))\n"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(site.folder)}
    )
    assert done.stdout == "False False True\n", done.stderr
    built_in = {f"{kind} {name}" for kind in HOOKS for name in registry.names(kind)}
    assert set(done.stderr.splitlines()) == built_in | {"loss theirs"}


def invoke(*arguments, code=0):
    result = CliRunner().invoke(main, ["plugins", *arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout if code == 0 else result.output


def test_the_list_says_what_there_is_and_what_is_wrong(site, monkeypatch):
    monkeypatch.setenv("SKGAN_DISABLE_PLUGINS", "skgan-off")
    assert "No plugins are installed" in invoke("list")
    site.install_loss("skgan-theirs", "theirs", "wgan-gp", summary="A loss of theirs.")
    site.install_loss("skgan-off", "off")
    site.install("skgan-broken", "print('loud'); raise OSError('no such disk')")
    watch(site)
    rows = {row["distribution"]: row for row in json.loads(invoke("list", "--json"))}
    assert {name: row["status"] for name, row in rows.items()} == {
        "skgan-theirs": "loaded",
        "skgan-off": "disabled",
        "skgan-broken": "failed",
        "skgan-watching": "loaded",
    }
    theirs = rows["skgan-theirs"]
    assert (theirs["version"], theirs["entry_points"]) == ("1.2.3", ["skgan_theirs = skgan_theirs"])
    assert [part["write"] for part in theirs["components"]] == ["theirs", "skgan-theirs/wgan-gp"]
    assert theirs["hooks"] == ["skgan_losses"]
    assert rows["skgan-broken"]["error"] == "OSError: no such disk"
    assert rows["skgan-watching"]["group"] == EVENTS_GROUP
    text = invoke("list")
    for said in (
        "A loss of theirs.",
        "OSError: no such disk",
        "SKGAN_DISABLE_PLUGINS",
        "skgan_fit_started",
        "built in",
    ):
        assert said in text
    assert "skgan.losses" not in text
    every = json.loads(invoke("list", "--all", "--json"))
    assert len(every) == 5
    assert {part["name"] for part in every[0]["components"] if part["kind"] == "regularizer"} >= {"gp", "r1"}


def test_the_list_survives_strict_mode(site, monkeypatch):
    site.install("skgan-broken", "1 / 0")
    monkeypatch.setenv("SKGAN_STRICT_PLUGINS", "1")
    assert "ZeroDivisionError" in invoke("list")


def test_show_tells_of_one_part(site):
    text = invoke("show", "loss", "WGAN_gp")
    for said in (
        "skgan.losses.wgan_gp.WGANGP",
        "gp_weight = 10.0",
        "a finite float in the range [0, inf)",
        ".. math::",
    ):
        assert said in text
    site.install_loss("skgan-theirs", "theirs", summary="A loss of theirs.")
    shown = json.loads(invoke("show", "loss", "theirs", "--json"))
    assert shown["name"] == "skgan-theirs/theirs"
    assert shown["write"] == "theirs"
    assert shown["class"] == "skgan_theirs_impl.Theirs"
    assert shown["parameters"] == [{"name": "scale", "default": "1.0", "allowed": ""}]
    assert shown["summary"] == "A loss of theirs."


def test_show_refuses_in_one_sentence(site):
    assert "Did you mean 'wgan-gp'?" in invoke("show", "loss", "wgan-pg", code=1)
    assert "looss" in invoke("show", "looss", "wgan-gp", code=2)


RECORDS = [
    {"kind": "loss", "name": "one", "check_name": "check_clone", "status": "passed", "exception": None},
    {"kind": "loss", "name": "one", "check_name": "check_scale", "status": "skipped", "exception": None},
    {
        "kind": "metric",
        "name": "two",
        "check_name": "check_docs",
        "status": "failed",
        "exception": ValueError("no words"),
    },
    {"kind": "metric", "name": "two", "check_name": "check_more", "status": "failed", "exception": KeyError("later")},
]


def test_check_runs_the_kit_and_fails_when_a_part_does(monkeypatch):
    asked = []
    monkeypatch.setattr(
        skgan.testing, "check_plugin", lambda name: asked.append(name) or print("loud") or RECORDS, raising=False
    )
    lines = [re.split(r"\s{2,}", line.strip()) for line in invoke("check", "skgan-theirs", code=1).splitlines()]
    assert ["loss one", "1", "0", "1"] in lines
    assert ["metric two", "0", "2", "0", "check_docs: ValueError: no words"] in lines
    assert asked == ["skgan-theirs"]
    result = CliRunner().invoke(main, ["plugins", "check", "skgan-theirs", "--json"])
    assert result.exit_code == 1
    records = json.loads(result.stdout)
    assert [record["status"] for record in records] == ["passed", "skipped", "failed", "failed"]
    assert records[2]["exception"] == "ValueError: no words"


def test_check_succeeds_when_every_part_does_and_fails_without_parts(monkeypatch):
    monkeypatch.setattr(skgan.testing, "check_plugin", lambda name: RECORDS[:2], raising=False)
    assert "loss one" in invoke("check", "skgan-theirs")
    monkeypatch.setattr(skgan.testing, "check_plugin", lambda name: [], raising=False)
    assert "offers none" in invoke("check", "skgan-theirs", code=1)


def test_the_commands_exist_in_the_module_and_import_no_torch():
    code = "import runpy, sys\nsys.argv = ['skgan', 'plugins', 'list', '--all', '--json']\n"
    code += "try: runpy.run_module('skgan', run_name='__main__')\nexcept SystemExit as stop: assert not stop.code\n"
    code += "print('torch' in sys.modules, file=sys.stderr)"
    environment = {name: value for name, value in os.environ.items() if name != "SCIPY_ARRAY_API"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert json.loads(done.stdout)[0]["distribution"] == "skgan"
    assert done.stderr == "False\n"


# --- versions -------------------------------------------------------------------------------------


def test_versions_tell_of_packages_and_plugins(site, capsys):
    said = "return {'driver': 7, 'licence': 'found'}"
    site.install("skgan-theirs", hook(said, name="skgan_show_versions"))
    site.install("skgan-broken", "raise OSError('no such disk')")
    site.install("skgan-raising", hook("1 / 0", name="skgan_show_versions"))
    site.install("skgan-odd", hook("return 3", name="skgan_show_versions"))
    watch(site)
    found = versions()
    assert found["Packages"]["skgan"] == skgan.__version__
    assert found["Packages"]["numpy"] == np.__version__
    assert found["System"]["python"].startswith(".".join(map(str, sys.version_info[:3])))
    theirs = found["Plugins"]["skgan-theirs"]
    assert theirs == {"version": "1.2.3", "status": "loaded", "error": "", "says": {"driver": "7", "licence": "found"}}
    assert found["Plugins"]["skgan-broken"]["error"] == "OSError: no such disk"
    assert "ZeroDivisionError" in found["Plugins"]["skgan-raising"]["error"]
    assert "returned no dict" in found["Plugins"]["skgan-odd"]["error"]
    assert found["Plugins"]["skgan-watching"]["status"] == "loaded"
    skgan.show_versions()
    printed = capsys.readouterr().out
    for text in ("driver: 7", "OSError: no such disk", np.__version__):
        assert text in printed


def test_versions_do_not_fail_where_packages_are_missing(monkeypatch):
    monkeypatch.setattr("skgan.versions.PACKAGES", ("no-such-package",))
    monkeypatch.setitem(sys.modules, "torch", None)
    found = versions()
    assert found["Packages"] == {"no-such-package": "not installed"}
    assert "Error" in found["Device"]["torch"]


# --- the page -------------------------------------------------------------------------------------


def test_every_hook_and_switch_is_documented():
    rows = dict(re.findall(r"^\| `(skgan_\w+)\([\w, ]*\)` \| `([\w.]+)` \|", PAGE, re.MULTILINE))
    assert rows == {name: group for group, names in HOOKS_OF_GROUP.items() for name in names}
    specified = {name for name, member in vars(hookspecs).items() if hasattr(member, "skgan_spec")}
    assert set(rows) == specified
    source = Path(plugins.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r"SKGAN_[A-Z_]+", PAGE)) == set(re.findall(r"\"(SKGAN_[A-Z_]+)\"", source))


def test_the_fields_of_a_spec_are_documented():
    table = PAGE.partition("| Field | Meaning |")[2].partition("\n\n")[0]
    fields = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE))))
    assert fields == set(hookspecs.ComponentSpec.__dataclass_fields__)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_plugin_of_the_page_works(site):
    part, entry, *_ = blocks("python")
    package = site.folder / "skgan_arctan"
    package.mkdir()
    for name, text in (("__init__", ""), ("arctan", part), ("plugin", entry)):
        (package / f"{name}.py").write_text(text)
    site.modules += ["skgan_arctan.arctan", "skgan_arctan.plugin", "skgan_arctan"]
    line = re.search(r"\[project\.entry-points\.skgan\]\n(\w+ = )\"([\w.]+)\"", blocks("toml")[0])
    site.install("skgan-page", "", points=f"[skgan]\n{line[1]}{line[2]}\n")
    gan = GANEstimator("ARCTAN", **TINY).set_params(loss__slope=0.5).fit(X)
    assert gan.provenance_["loss"]["name"] == "skgan-page/arctan"
    assert gan.loss_.slope == 0.5


def test_the_session_of_the_page_works(monkeypatch):
    module = types.ModuleType("session")
    monkeypatch.setitem(sys.modules, "session", module)
    exec(compile(blocks("python")[0], "plugins.md", "exec"), vars(module))
    exec(compile(blocks("python")[2], "plugins.md", "exec"), {"Arctan": module.Arctan})
    assert registry.resolve("loss", "arctan") is registry.resolve("loss", "local/arctan") is module.Arctan
    assert [each.spec.name for each in registry._local] == ["arctan"]


def test_the_observer_of_the_page_works(site, capsys):
    assert blocks("toml")[1].startswith('[project.entry-points."skgan.events"]')
    site.install_events("skgan-log", blocks("python")[3])
    GANEstimator("minimax", **TINY).fit(X)
    assert capsys.readouterr().out == "'minimax' (3,) done\n"
