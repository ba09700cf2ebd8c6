"""Whole sentences of refusals that are not about a parameter: files, data, names, commands.

Each has four parts - what is meant, what came, what is allowed, the next step - and is held word by word, in
`sentences.json`.
"""

import contextlib
import errno
import json
import os
import pickle
import re
import socket
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch
from attacks import Forgery
from click.testing import CliRunner
from plugin_env import OFFER, plugin_environment, spec
from small_checkpoints import flip, opened, write

import skgan
from skgan import ComponentSpec, GANEstimator, _fs, reading, registry, validation
from skgan.architectures.mlp import MLP
from skgan.checkpoint_dir import CheckpointDirectory, check_sequence
from skgan.cli import main
from skgan.interfaces import Loss
from skgan.losses.wgan_gp import WGANGP
from skgan.regularizers.r1 import R1

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 3))
STATE = "state.safetensors"


def tiny(**params):
    return GANEstimator("nonsaturating", architecture=MLP(4, 1), latent_dim=2, max_iter=1, random_state=0, **params)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "model"
    tiny(regularizers=R1(), conditioning=None).fit(X).save(path)
    return path


# --- files: what is done to a copy of a good model, which is then loaded --------------------------


def replaced(name, content):
    """Put another file of the same promised size there."""

    def act(forged):
        size = (forged.path / name).stat().st_size
        (forged.path / name).write_bytes((content + b" " * size)[:size])

    return act


def removed(name):
    return lambda forged: (forged.path / name).unlink()


def linked(forged):
    (forged.path / STATE).rename(forged.path / "other")
    (forged.path / STATE).symlink_to("other")


def piped(forged):
    (forged.path / STATE).unlink()
    os.mkfifo(forged.path / STATE)


def socketed(forged):
    (forged.path / STATE).unlink()
    with contextlib.chdir(forged.path), socket.socket(socket.AF_UNIX) as one:
        one.bind(STATE)


def alone(content):
    """Put a file where the directory was."""

    def act(forged):
        for file in forged.path.iterdir():
            file.unlink()
        forged.path.rmdir()
        forged.path.write_bytes(content)

    return act


def zipped(forged):
    alone(b"")(forged)
    with zipfile.ZipFile(forged.path, "w") as file:
        file.writestr("model/data.pkl", b"x")


def emptied(forged):
    for file in forged.path.iterdir():
        file.unlink()


def others(forged):
    for number, file in enumerate(sorted(forged.path.iterdir())):
        file.rename(forged.path / f"{number}.bin")


def crowded(forged):
    emptied(forged)
    for number in range(9):
        (forged.path / ("a" * 80 + str(number))).touch()


def promised(**more):
    def act(forged):
        forged.manifest.update(more)
        forged.promise()

    return act


def of_files(name, **more):
    def act(forged):
        forged.manifest["files"][name].update(more)
        forged.promise()

    return act


def configured(place, value):
    def act(forged):
        *within, last = place.split(".")
        entry = forged.config
        for key in within:
            entry = entry[key]
        entry[last] = value
        forged.write()

    return act


def headed(change):
    """Change what the head says of the first tensor."""

    def act(forged):
        name = min(forged.head, key=lambda name: forged.head[name]["data_offsets"])
        change(forged.head, name)
        forged.write()

    return act


def entry(**more):
    return headed(lambda head, name: head[name].update(more))


def without_weights(forged):
    names = [name for name in forged.head if name.startswith("model.average")]
    for name in names:
        forged.head[f"model.{len(name)}.{name}"] = forged.head.pop(name)
    forged.write()


def resized(forged):
    name = next(name for name in forged.head if name.endswith("weight"))
    forged.resize(name, [7]).write()


def not_finite(forged):
    start, end = forged.head["model.average.out.bias"]["data_offsets"]
    forged.data = forged.data[:start] + b"\xff" * (end - start) + forged.data[end:]
    forged.write()


def one_more(name):
    def act(forged):
        forged.head[name] = {"dtype": "U8", "shape": [0], "data_offsets": [len(forged.data)] * 2}
        forged.write()

    return act


def of_numbers(name, count, kind="I64"):
    return lambda forged: forged.resize(name, [count], kind).write()


FILES = {
    "nothing is there": alone(b"") and (lambda forged: forged.path.rename(forged.path.with_name("elsewhere"))),
    "an empty file": alone(b""),
    "a pickle": alone(pickle.dumps([1])),
    "an old pickle": alone(pickle.dumps(Path("a"), 0)),
    "a torch file": zipped,
    "a compressed file": alone(b"\x1f\x8b" + bytes(20)),
    "a pointer": alone(b"version https://git-lfs.github.com/spec/v1\n"),
    "a page": alone(b"<!DOCTYPE html>"),
    "HDF5": alone(b"\x89HDF\r\n\x1a\n"),
    "a zip archive": alone(b"PK\x03\x04" + bytes(40)),
    "an array": alone(b"\x93NUMPY"),
    "a pipe alone": lambda forged: (alone(b"")(forged), forged.path.unlink(), os.mkfifo(forged.path)),
    "only tensors": alone(b'\x10\0\0\0\0\0\0\0{"a":'),
    "only JSON": alone(b'  {"a": 1}'),
    "text": alone(b"hello"),
    "an empty directory": emptied,
    "another directory": others,
    "a directory of many": crowded,
    "no state": removed(STATE),
    "no configuration": removed("config.json"),
    "a link": linked,
    "a pipe": piped,
    "a socket": socketed,
    "an empty manifest": lambda forged: forged.promise(b""),
    "a manifest of 2 MiB": lambda forged: forged.promise(b" " * 2**21),
    "a manifest cut short": lambda forged: forged.promise(b'{"format": 1'),
    "a manifest cut short after a line": lambda forged: forged.promise(b'\n {"format": 1'),
    "a manifest that is a page": lambda forged: forged.promise(b"<html>"),
    "a manifest that is a pickle": lambda forged: forged.promise(pickle.dumps([1])),
    "a manifest in Latin-1": lambda forged: forged.promise(b'{"\xe9": 1}'),
    "a manifest with a key twice": lambda forged: forged.promise(b'{"a": 1, "a": 1}'),
    "a manifest that is a list": lambda forged: forged.promise(b"[1]"),
    "a manifest with a long number": lambda forged: forged.promise(b'{"a": 99999999999999999999999}'),
    "a manifest with NaN": lambda forged: forged.promise(b'{"a": NaN}'),
    "a manifest with 1e999": lambda forged: forged.promise(b'{"a": 1e999}'),
    "a deep manifest": lambda forged: forged.promise(b'{"a": ' * 40 + b"1" + b"}" * 40),
    "a very deep manifest": lambda forged: forged.promise(b'{"a": ' * 10**5 + b"1" + b"}" * 10**5),
    "a manifest with half a character": lambda forged: forged.promise(b'{"a": "\\ud800"}'),
    "a later format": promised(format=99, skgan="9.9"),
    "a later format of long words": promised(format=99, skgan="9" * 99),
    "a later format of nobody": lambda forged: forged.manifest.pop("skgan") and promised(format=99)(forged),
    "another class": promised(estimator="Other"),
    "another class of long words": promised(estimator="a" * 99),
    "an unknown key": promised(surprise=1),
    "format true": promised(format=True),
    "format 0": promised(format=0),
    "a class that is a number": promised(estimator=3),
    "files that are a list": promised(files=[]),
    "a digest in capitals": of_files(STATE, sha256="A" * 64),
    "a digest of X": of_files(STATE, sha256="X" * 64),
    "a short digest": of_files(STATE, sha256="a" * 63),
    "a size that is text": of_files(STATE, size="3"),
    "a size that is negative": of_files(STATE, size=-1),
    "a seal of something else": lambda forged: forged.promise(
        (forged.path / "manifest.json").read_bytes().replace(b"GANEstimator", b"GANestimator")
    ),
    "a state cut short": lambda forged: (forged.path / STATE).write_bytes(b"\x10"),
    "an empty state": lambda forged: (forged.path / STATE).write_bytes(b""),
    "a state that is JSON": replaced(STATE, b'{"a": 1}'),
    "a state of another length that is JSON": lambda forged: (forged.path / STATE).write_bytes(b'{"a": 1}'),
    "a configuration of tensors": replaced("config.json", b'\x10\0\0\0\0\0\0\0{"a":'),
    "a configuration of 3 MiB": lambda forged: forged.replace("config.json", b" " * (3 * 2**20)),
    "an empty configuration": lambda forged: forged.replace("config.json", b""),
    "a state that is a page": replaced(STATE, b"<html>"),
    "a state that is a pickle": replaced(STATE, b"\x80\x04]"),
    "a configuration that is a pickle": replaced("config.json", b"\x80\x04]"),
    "a configuration that is an array": replaced("config.json", b"\x93NUMPY"),
    "another configuration": replaced("config.json", b'{"a": 1}'),
    "a flipped bit in the head": lambda forged: flip(forged.path / STATE, 20),
    "a flipped bit in the numbers": lambda forged: flip(forged.path / STATE),
    "a head that is too long": lambda forged: forged.write(length=2**40),
    "a head that is no JSON": lambda forged: forged.write(head=b"{" * 50),
    "a head of numbers": lambda forged: forged.write(head=b'{"a": 1}'),
    "a head that ends in tabs": lambda forged: forged.write(head=b'{"a": 1}\x0b'),
    "an unknown type": entry(dtype="F8_E4M3"),
    "nine dimensions": entry(shape=[1] * 9),
    "offsets with a gap": entry(data_offsets=[8, 16]),
    "three offsets": entry(data_offsets=[0, 4, 8]),
    "a shape that is negative": entry(shape=[-1]),
    "a name that is a path": headed(lambda head, name: head.update({"../a": head.pop(name)})),
    "a name that is absolute": headed(lambda head, name: head.update({"/a": head.pop(name)})),
    "a name with a line": headed(lambda head, name: head.update({"a\nb": head.pop(name)})),
    "a name with a unit separator": headed(lambda head, name: head.update({"a\x1f": head.pop(name)})),
    "a long name": headed(lambda head, name: head.update({"a" * 501: head.pop(name)})),
    "numbers left over": lambda forged: setattr(forged, "data", forged.data + b"1234") or forged.write(),
    "NaN": not_finite,
    "an unknown setting": configured("params.surprise", 1),
    "a setting of a path": configured("params.checkpoint_dir", "/etc"),
    "a setting of the wrong type": configured("params.batch_size", "64"),
    "a setting out of range": configured("params.batch_size", 0),
    "a part that is not installed": configured(
        "model.parts.loss", {"part": "a-plugin/loss", "params": {}, "version": "3"}
    ),
    "a part that does not exist": configured("model.parts.loss", {"part": "zzzzzz", "params": {}}),
    "a part of nearly that name": configured("model.parts.loss", {"part": "hinged", "params": {}}),
    "a part of a session": configured("model.parts.loss", {"part": "local/mine", "params": {}}),
    "a part of no version": configured("model.parts.loss", {"part": "a-plugin/loss", "params": {}, "version": "3; rm"}),
    "a part of no distribution": configured("model.parts.loss", {"part": "a plugin; rm/loss", "params": {}}),
    "a part with another parameter": configured("model.parts.loss.params", {"surprise": 1}),
    "a part with nearly that parameter": configured("model.parts.optimizer.params", {"bets": [0, 0.9]}),
    "parts with several other parameters": configured(
        "model.parts.loss.params", {f"{letter * 50}": 1 for letter in "gfedcba"}
    ),
    "a network larger than its file": configured("model.parts.architecture.params.width", 2**20 + 1),
    "a network larger than its file everywhere": configured(
        "model.parts.architecture",
        {"part": "autoencoder-d", "params": dict.fromkeys(["code_dim", "width", "depth", "channels"], 2**20 + 1)},
    ),
    "a network as large as is free": configured("model.parts.architecture.params.width", 2**20),
    "a part of a long name": configured("model.parts.loss", {"part": "z" * 99, "params": {}}),
    "a part of a session of a long name": configured("model.parts.loss", {"part": "local/" + "z" * 99, "params": {}}),
    "a part of a plugin in capitals": configured(
        "model.parts.loss", {"part": "A-Plugin2.x_y/" + "z" * 99, "params": {}, "version": "1.0RC1+Local.2!_-"}
    ),
    "a part of a plugin of no version": configured("model.parts.loss", {"part": "7/loss", "params": {}}),
    "a part of a plugin of a long version": configured(
        "model.parts.loss", {"part": "a-plugin/loss", "params": {}, "version": "1" * 40}
    ),
    "a part of a distribution of a long name": configured("model.parts.loss", {"part": "a" * 62 + "/x", "params": {}}),
    "samples larger than the file": configured("model.spec.shape", [2**30]),
    "latents larger than the file": configured("model.spec.latent_dim", 2**30),
    "labels larger than the file": configured("model.spec.label_shape", [2**30]),
    "more discriminators than the file has room for": configured("model.numbers.n_discriminators", 2**30),
    "columns that are no row": configured("model.spec.columns", [[1, 0, 0], [1, 0, 0]]),
    "networks of other data": configured("model.spec.bounded", True),
    "an encoding with more": configured("encoding.more", 1),
    "columns of another number": configured("fitted.feature_names_in", ["a"]),
    "a history of two lengths": of_numbers("history.step", 2),
    "a history in rows": lambda forged: forged.resize("history.step", [1, 1], "I64").write(),
    "a tensor nobody knows": one_more("other.step"),
    "a best state of a fit that was not judged": one_more("best.step"),
    "settings of two paths": lambda forged: (
        forged.config["params"].update(resume=True, init_from="a"),
        forged.write(),
    ),
    "a column too many": configured("fitted.n_features_in", 4),
    "a flag that is a number": configured("encoding.keeps_shape", 1),
    "a history that is no list": configured("history", "steps"),
    "draws that are text": configured("fitted.draws", "3"),
    "tensors of other names": without_weights,
    "tensors of another shape": resized,
}


# --- calls: of everything else that takes files, data, names --------------------------------------


class Nameless(Loss):
    """A loss that no name leads to."""

    def discriminator(self, batch):
        return batch.fake_.logits - batch.real_.logits

    def generator(self, batch):
        return -batch.fake_.logits


class Half(Loss):
    """A loss of one player only."""

    def generator(self, batch):
        return -batch.fake_.logits


class Demanding(Nameless):
    """A loss whose constructor asks for something."""

    def __init__(self, scale, deep__scale=1.0):
        self.scale = scale
        self.deep__scale = deep__scale


def fitted(**params):
    return tiny(conditioning=None, **params).fit(X)


def with_infinite_weight():
    gan = fitted()
    with torch.no_grad():
        next(gan.generator_.parameters())[0] = torch.inf
    gan.save("new")


def on_a_full_disk(act):
    def write(descriptor, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def call():
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(_fs, "write", write)
            act()

    return call


def checkpoints(folder="run", numbers=(1, 2)):
    directory = opened(Path(folder))
    for number in numbers:
        write(directory, number)
    return directory


def full_after_two():
    directory = checkpoints()
    on_a_full_disk(lambda: write(directory, 3))()


def all_damaged():
    checkpoints().release()
    for path in Path("run").glob("0*"):
        (path / "manifest.json").unlink()
    CheckpointDirectory(Path("run")).newest(lambda entry: None)


def newest_damaged():
    checkpoints().release()
    flip(max(Path("run").glob("0*")) / "manifest.json")
    CheckpointDirectory(Path("run")).newest(lambda entry: reading.read_manifest(entry.path))


def renamed():
    checkpoints().release()
    newest = max(Path("run").glob("0*"))
    newest.rename(newest.with_name("00000009-step9"))
    CheckpointDirectory(Path("run")).newest(lambda entry: check_sequence(entry, reading.read_manifest(entry.path)))


def twice():
    checkpoints()
    opened(Path("run"))


def without_locks():
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(_fs, "lock", lambda descriptor: None)
        checkpoints().release()


def that_stays():
    def stays(old, new):
        if old.name.startswith("0"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        os.rename(old, new)

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(_fs, "rename", stays)
        checkpoints(numbers=range(5)).release()


def replaced_directory():
    directory = checkpoints()
    Path("run").rename("old")
    Path("run").mkdir()
    (Path("run") / ".lock").touch()
    write(directory, 3)


def file_at(name, content=b"x"):
    Path(name).write_bytes(content)


def after(first, then):
    def call():
        first()
        return then()

    return call


def command(*arguments):
    """Raise what a command says, as Python would."""

    def call():
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert isinstance(result.exception, SystemExit), result.exception
        raise SystemExit(result.output.partition("Error: ")[2].strip())

    return call


def register_twice():
    with registry.temporary_plugin(ComponentSpec("loss", "mine", WGANGP)):
        skgan.register(ComponentSpec("loss", "mine", Nameless))


def shadowing():
    try:
        skgan.register(ComponentSpec("loss", "hinge", WGANGP))
    finally:
        registry.unregister("loss", "hinge")


def lent(act, *specs):
    def call():
        with registry.temporary_plugin(list(specs)):
            return act()

    return call


def installed(act, **distributions):
    def call():
        with plugin_environment(Path("site").absolute()) as environment:
            for distribution, names in distributions.items():
                environment.install_loss(distribution.replace("_", "-"), *names)
            return act()

    return call


def installed_with(act, *specs, **files):
    def call():
        with plugin_environment(Path("site").absolute()) as environment:
            environment.install("acme", OFFER.format(specs=", ".join(specs)), **files)
            return act()

    return call


def beside_a_broken_plugin(act, entry="1 / 0"):
    def call():
        with plugin_environment(Path("site").absolute()) as environment:
            environment.install("acme-parts", entry)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                act()

    return call


def resolve(name, kind="loss"):
    return lambda: registry.resolve(kind, name)


def fit(X, y=None, **params):
    return lambda: tiny(**params).fit(X, y)


def frame(**columns):
    return pytest.importorskip("pandas").DataFrame(columns)


def twins():
    table = frame(a=[1.0, 2], b=["x", "y"], c=[1, 2], d=[1, 2], e=[1, 2], f=[1, 2], g=[1, 2], h=[1, 2])
    table.columns = ["a", "a", "b", "b", "c", "c", "d", "d"]
    fit(table)()


def masked():
    rows = np.ma.array(X, mask=np.zeros(X.shape, bool))
    rows[3, 1] = rows[5, 0] = np.ma.masked
    fit(rows)()


def fit_quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch means to drop these types
        rows = torch.quantize_per_tensor(torch.eye(3), 0.1, 0, torch.quint8)
    fit(rows)()


def wide():
    validation.check_X(tiny(), np.array([[0, 0], [0, 2**24 + 1], [0, 7]], np.int64), reset=True)


def bad(value, row, column):
    rows = X.copy()
    rows[row, column] = value
    return rows


CALLS = {
    "save: there already": after(lambda: fitted().save("model"), lambda: fitted().save("model")),
    "save: something else is there": after(lambda: Path("a").mkdir(), lambda: fitted().save("a", overwrite=True)),
    "save: below a file": after(lambda: file_at("a"), lambda: fitted().save("a/b")),
    "save: the disk is full": on_a_full_disk(lambda: fitted().save("new")),
    "save: not finite": with_infinite_weight,
    "save: a part without a name": lambda: tiny(conditioning=None).set_params(loss=Nameless()).fit(X).save("new"),
    "save: nothing is fitted": lambda: tiny().save("new"),
    "checkpoints: a file": after(lambda: file_at("a"), fit(X, checkpoint_dir="a")),
    "checkpoints: below a file": after(lambda: file_at("a"), fit(X, checkpoint_dir="a/b")),
    "checkpoints: the disk is full": full_after_two,
    "checkpoints: the disk is full at first": on_a_full_disk(lambda: write(opened(Path("run")), 3)),
    "checkpoints: all damaged": all_damaged,
    "checkpoints: the newest damaged": newest_damaged,
    "checkpoints: renamed": renamed,
    "checkpoints: two owners": twice,
    "checkpoints: no locks": without_locks,
    "checkpoints: one stays": that_stays,
    "checkpoints: replaced": replaced_directory,
    "checkpoints: resumed from nothing": fit(X, checkpoint_dir="run", resume=True),
    "registry: no such family": resolve("hinge", "losses"),
    "registry: no such name": resolve("hinged"),
    "registry: nothing like it": resolve("zzzzzz"),
    "registry: no such plugin": resolve("acme/hinge"),
    "registry: not of this session": resolve("local/zzz"),
    "registry: two plugins": installed(resolve("theirs"), acme=["theirs"], best_parts=["theirs"]),
    "registry: a class that is not there": installed_with(resolve("theirs"), spec("theirs", "acme_no:Theirs")),
    "registry: of another family": installed_with(
        resolve("theirs"), spec("theirs", "skgan.metrics.density_coverage:Density")
    ),
    "registry: needs something": installed_with(
        resolve("theirs"), spec("theirs", "acme_impl:Theirs", requires=("a-package-that-is-not",))
    ),
    "registry: needs several things": installed_with(
        resolve("theirs"), spec("theirs", "acme_impl:Theirs", requires=("not-a-package", "torch", "nor-this"))
    ),
    "registry: of a later interface": installed_with(resolve("theirs"), spec("theirs", "acme_impl:Theirs", api=99)),
    "registry: a module that fails at length": installed_with(
        resolve("theirs"), spec("theirs", "acme_impl:Theirs"), acme_impl="raise RuntimeError('no ' * 200)"
    ),
    "registry: another plugin is broken": beside_a_broken_plugin(resolve("zzzzzz")),
    "registry: the plugin that is meant is broken": beside_a_broken_plugin(resolve("Acme_Parts/theirs")),
    "registry: the plugin that is meant fails at length": beside_a_broken_plugin(
        resolve("acme-parts/theirs"), "raise RuntimeError('no ' * 200)"
    ),
    "registry: no part": lambda: skgan.register(3),
    "registry: a class of no family": lambda: skgan.register(int),
    "registry: half a part": lambda: skgan.register(Half),
    "registry: a part that asks": lambda: skgan.register(Demanding),
    "registry: a name that is taken": register_twice,
    "registry: a built-in name": shadowing,
    "registry: nothing to take away": lambda: registry.unregister("loss", "mine"),
    "registry: a part that is near": lent(
        lambda: registry.unregister("loss", "mime"), ComponentSpec("loss", "mine", Nameless)
    ),
    "skgan sample: no model": command("sample", "nothing", "-o", "a.npy"),
    "skgan sample: no format": command("sample", "nothing", "-o", "a.txt"),
    "skgan sample: there already": after(lambda: file_at("a.npy"), command("sample", "nothing", "-o", "a.npy")),
    "skgan sample: a pickle": after(lambda: file_at("m", b"\x80\x04]"), command("sample", "m", "-o", "a.npy")),
    "skgan fit: no format": command("fit", "rows.txt", "-o", "new"),
    "skgan fit: no file": command("fit", "rows.npy", "-o", "new"),
    "skgan fit: a pickle": after(
        lambda: np.save("rows.npy", np.array([{}, None], object)), command("fit", "rows.npy", "-o", "new")
    ),
    "skgan fit: there already": after(
        lambda: (np.save("rows.npy", X), Path("old").mkdir()), command("fit", "rows.npy", "-o", "old")
    ),
    "skgan fit: something else": after(
        lambda: (np.save("rows.npy", X), Path("old").mkdir()), command("fit", "rows.npy", "-o", "old", "--overwrite")
    ),
    "skgan fit: below a file": after(
        lambda: (np.save("rows.npy", X), file_at("a")), command("fit", "rows.npy", "-o", "a/b")
    ),
    "skgan fit: a setting of another form": command("fit", "rows.npy", "-o", "new", "--set", "loss"),
    "skgan fit: a setting twice": command("fit", "rows.npy", "-o", "new", "--set", "loss=hinge", "--set", "loss=hinge"),
    "skgan fit: an unknown part": after(
        lambda: np.save("rows.npy", X), command("fit", "rows.npy", "-o", "new", "--set", "loss=hinged")
    ),
    "skgan fit: resume what": command("fit", "rows.npy", "-o", "new", "--resume"),
    "skgan fit: size of rows": command("fit", "rows.npy", "-o", "new", "--image-size", "8"),
    "skgan plugins show: an unknown part": command("plugins", "show", "loss", "hinged"),
    "skgan plugins check: no such distribution": command("plugins", "check", "no-such-distribution"),
    "X: bytes": fit(np.array([[b"1"], [b"2"]])),
    "X: text": fit(np.array([["1"], ["2"]])),
    "X: complex": fit(X + 0j),
    "X: dates": fit(np.array([["2020-01-01"], ["2020-01-02"]], "M8[D]")),
    "X: lists in cells": fit(np.array([[[1], 2.0], [3.0, 4.0]], object)),
    "X: a dict in a cell": fit(np.array([[{}], [1.0]], object)),
    "X: text in a cell": fit(np.array([["a"], [1.0]], object)),
    "X: a number beyond float64": fit(np.array([[10**400], [1]], object)),
    "X: masked": masked,
    "X: a matrix": fit(np.asmatrix(X)),
    "X: sparse": fit(torch.eye(3).to_sparse()),
    "X: sparse of SciPy": lambda: fit(scipy.sparse.csr_array(X))(),
    "X: quantised": fit_quantised,
    "X: ragged": fit([[1.0, 2.0], [3.0]]),
    "X: a record in a cell": fit(np.zeros(5, [("a", float), ("b", int)])[:, None]),
    "X: spans of time": fit(np.array([[1], [2]], "m8[s]")),
    "X: no array": lambda: fit(iter(X))(),
    "X: a table of three axes": lambda: validation.check_columns(tiny(), np.empty((2, 2, 2), object), reset=True),
    "X: a table without rows, later": lambda: validation.check_columns(tiny(), np.empty((0, 2), object), reset=False),
    "X: on no device": fit(torch.zeros(4, 3, device="meta")),
    "X: a path": fit("rows.npy"),
    "X: None": fit(None),
    "X: one dimension": fit(X[:, 0]),
    "X: one row": fit(X[:1]),
    "X: no columns": fit(X[:, :0]),
    "X: no pixels": fit(np.zeros((5, 0, 4, 4))),
    "X: NaN": fit(bad(np.nan, 4, 1)),
    "X: infinite": fit(bad(-np.inf, 4, 2)),
    "X: too large": fit(bad(1e37, 0, 0)),
    "X: too small": fit(bad(-1e37, 19, 2)),
    "X: wide numbers": wide,
    "X: a table of one row": lambda: fit(frame(a=[1.0], b=["x"]))(),
    "X: a table without columns": lambda: fit(frame(a=["x", "y"])[[]], columns={})(),
    "X: a table with twins": twins,
    "X: other columns": lambda: fitted().transform(X[:, :2]),
    "X: columns of other names": lambda: (
        tiny(conditioning=None).fit(frame(a=X[:, 0], b=X[:, 1])).transform(frame(a=X[:, 0], c=X[:, 1]))
    ),
    "X: columns in another order": lambda: (
        tiny(conditioning=None).fit(frame(a=X[:, 0], b=X[:, 1])).transform(frame(b=X[:, 0], a=X[:, 1]))
    ),
}


# --- what they say --------------------------------------------------------------------------------

SAYS = json.loads(Path(__file__).with_name("sentences.json").read_text(encoding="utf-8"))


def said_by(call, folder, monkeypatch):
    """Return class and words of what `call` raises in an empty directory, of whose path nothing may be in them.

    Where parts do not fit together, the traceback says why: those words come last.
    """
    monkeypatch.chdir(folder)
    warnings.simplefilter("error")
    with pytest.raises((Exception, SystemExit)) as caught:
        call()
    text = str(caught.value)
    assert len(text) <= validation.LONGEST_MESSAGE
    assert str(folder) not in text
    text = text.replace(skgan.__version__, "VERSION").replace(f"this process, {os.getpid()},", "this process, PID,")
    text = re.sub(r"needs \d{4,} bytes", "needs SIZE bytes", text)  # which every new parameter changes
    why = caught.value
    while why.__cause__ is not None and text.endswith("do not fit together (ValueError). Use another copy."):
        why = why.__cause__
    return [type(caught.value).__name__, text, *([] if why is caught.value else [str(why)])]


@pytest.mark.goal("G2")
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_save_did_not_write_is_refused_in_these_words(name, good, tmp_path, monkeypatch):
    def call():
        forged = Forgery(good, Path())
        FILES[name](forged)
        GANEstimator.load("model")

    assert said_by(call, tmp_path, monkeypatch) == SAYS[name]


@pytest.mark.goal("G2")
@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_refused_in_these_words(name, tmp_path, monkeypatch):
    assert said_by(CALLS[name], tmp_path, monkeypatch) == SAYS[name]


def test_no_sentence_is_held_for_nothing():
    assert list(SAYS) == [*FILES, *CALLS]
