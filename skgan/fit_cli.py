"""``skgan fit``: a file of numbers becomes a saved model."""

from __future__ import annotations

import ast
import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

_WORDS = {"true": True, "false": False, "none": None, "null": None}
#: exit status of a program that ended on Ctrl-C, as shells count
INTERRUPTED = 130


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Directory of the saved model.")
@click.option("--label", default=None, help="A column of a .csv, or a .npy file with labels.")
@click.option("--checkpoint-dir", type=click.Path(path_type=Path), default=None, help="Where checkpoints go.")
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint there, if there is one.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Any parameter of GANEstimator; repeatable."
)
@click.option("--image-size", type=click.IntRange(1), default=None, help="Of the images of a folder.")
@click.option("--max-iter", type=click.IntRange(1), default=None, help="Generator updates.")
@click.option("--seed", type=click.IntRange(0), default=None, help="Random state.")
@click.option("--device", default=None, help="cpu, cuda, cuda:N, mps or auto.")
@click.option("--overwrite", is_flag=True, help="Replace a model that was saved there before.")
@click.option("--debug", is_flag=True, help="Show where in the program an error happened.")
def fit(data: Path, out: Path, overwrite: bool, debug: bool, **options: Any) -> None:
    """Fit a GAN on DATA, a .npy, .npz (X and y) or .csv file or a folder of images, and save it.

    Exit status: 2 for a wrong option, 1 for a failure, 130 after Ctrl-C, 143 after SIGTERM. On several GPUs:
    torchrun --nproc-per-node 2 -m skgan fit ...
    """
    from skgan import tables

    if not data.is_dir() and data.suffix.lower() not in tables.SUFFIXES:
        endings = ", ".join(tables.SUFFIXES)
        raise click.BadParameter(
            f"must end in {endings} or be a folder of images. Got {data.name!r}.", param_hint="DATA"
        )
    if options["image_size"] is not None and not data.is_dir():
        raise click.UsageError("--image-size goes with a folder of images. Leave it out.")
    if options["resume"] and options["checkpoint_dir"] is None:
        raise click.UsageError("--resume needs --checkpoint-dir. Say where the checkpoints are.")
    params = _params(options)
    try:
        _fit(data, out, options["label"], options["image_size"], params, overwrite)
    except KeyboardInterrupt:
        kept = "; go on with --resume" if options["checkpoint_dir"] else ", and nothing was saved"
        if not _rank():
            click.echo(f"Stopped by Ctrl-C{kept}.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        if debug:
            raise
        raise _said(error) from None


def _fit(
    data: Path, out: Path, label: str | None, image_size: int | None, params: dict[str, Any], overwrite: bool
) -> None:
    from skgan import GANEstimator, tables
    from skgan.datasets import load_images
    from skgan.validation import as_path

    data, out = as_path(data, "DATA"), as_path(out, "--out")
    if not data.exists():
        raise FileNotFoundError(
            f"DATA must be a file or a folder. Got {str(data)[-300:]!r}, where nothing is. Give another path."
        )
    if not _rank():
        _check_out(out, overwrite)
    gan = GANEstimator(verbose=int(sys.stderr.isatty())).set_params(**params)
    if data.is_dir():
        X, y = load_images(data, image_size=image_size, verbose=int(sys.stderr.isatty() and not _rank()))
        gan.set_params(**{"layout": "nhw" if X.ndim == 3 else "nhwc", **params})
    else:
        X, y = tables.read(data, label)
    if not _rank():
        _try_out(out)
    gan.fit(X, y)
    if _rank():  # all ranks hold the same model, and one of them writes it
        return
    gan.save(out, overwrite=overwrite)
    click.echo(f"{gan.n_iter_} steps on {len(X)} rows. Model: {out}")
    click.echo(f"Draw from it: skgan sample {shlex.quote(str(out))} -n 64 -o samples.npy")


def check_place(option: str, out: Path, endings: tuple[str, ...], overwrite: bool = True) -> None:
    """Refuse before the work what writing a file would refuse after it."""
    said = repr(str(out)[-300:])
    if out.suffix.lower() not in endings:
        raise click.BadParameter(f"must end in {', '.join(endings)}. Got {out.name!r}.", param_hint=option)
    if os.path.lexists(out) and not overwrite:
        raise click.ClickException(f"{option} must be new. Got {said}, which is there. Add --overwrite.")
    if out.is_dir() or not out.absolute().parent.is_dir():
        came = "which is a folder" if out.is_dir() else "whose folder is not there"
        raise click.ClickException(f"{option} must be a file in a folder that is there. Got {said}, {came}. Make it.")


def _rank() -> int:
    """Return which one this is of the processes that torchrun started; 0 without it."""
    return int(os.environ.get("RANK", 0)) if int(os.environ.get("WORLD_SIZE", 1)) > 1 else 0


def _check_out(out: Path, overwrite: bool) -> None:
    """Refuse before training what saving would refuse after it."""
    from skgan.exceptions import CheckpointExistsError, CheckpointWriteError

    if os.path.lexists(out) and not overwrite:
        raise CheckpointExistsError(f"--out must be new. Got {str(out)[-300:]!r}, which is there. Add --overwrite.")
    if os.path.lexists(out) and not (out / "manifest.json").is_file():
        raise CheckpointWriteError(f"--out must be new or a model saved before. Got {str(out)[-300:]!r}. Give another.")
    parent = _parent_of(out)
    if not (parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)):
        raise CheckpointWriteError(f"--out must be writable. Got {str(out)[-300:]!r}, which is not. Give another path.")


def _try_out(out: Path) -> None:
    """Refuse a place where no directory can be made, though there is permission, as below /proc."""
    from skgan.exceptions import CheckpointWriteError

    try:
        with tempfile.TemporaryDirectory(prefix=".skgan-", dir=_parent_of(out)):
            pass
    except OSError as error:
        said = f"{str(out)[-300:]!r}, where no directory can be made ({error.strerror})"
        raise CheckpointWriteError(f"--out must be writable. Got {said}. Give another path.") from error


def _parent_of(out: Path) -> Path:
    """Return the folder that is there in which a path is made, or its first missing parent."""
    there = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    return there.parent if there == out.absolute() else there


def _params(options: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that the options name."""
    named = {
        "checkpoint_dir": options["checkpoint_dir"],
        "resume": "auto" if options["resume"] else None,
        "max_iter": options["max_iter"],
        "random_state": options["seed"],
        "device": options["device"],
    }
    params = {name: value for name, value in named.items() if value is not None}
    for setting in options["settings"]:
        name, equals, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not name or not equals:
            raise click.BadParameter(f"must look like loss=wgan-gp. Got {setting[:60]!r}.", param_hint="--set")
        if name in params:
            raise click.BadParameter(f"must give each parameter once. Got {name!r} again.", param_hint="--set")
        params[name] = _value(text.strip())
    return params


def _value(text: str) -> Any:
    """Return a number, a tuple, a list, True, False or None where `text` writes one, otherwise `text`."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text


def _said(error: Exception) -> click.ClickException:
    """Return what the command says instead of a traceback: 2 for a wrong setting, 1 for everything else."""
    from skgan.exceptions import InvalidParameterError, SkganError

    who = f"(rank {_rank()}) " if _rank() else ""
    if isinstance(error, InvalidParameterError):
        return click.UsageError(f"{who}{error}")
    if isinstance(error, SkganError | OSError | ValueError | TypeError | MemoryError):
        return click.ClickException(who + (str(error) or type(error).__name__))
    return click.ClickException(f"{who}{type(error).__name__}: {str(error)[:200]}. Add --debug to see where.")
