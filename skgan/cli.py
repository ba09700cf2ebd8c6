"""The ``skgan`` command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

import skgan
from skgan.compare_cli import compare
from skgan.fit_cli import check_place, fit
from skgan.plugins_cli import plugins

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


class _Commands(click.Group):
    """Commands that end quietly when nobody reads what they print any more, as in ``skgan demo | head``."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still in the buffer goes there
            ctx.exit(128 + 13)  # as if ended by SIGPIPE, which is how `head` ends other commands


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(skgan.__version__)
def main() -> None:
    """Generative adversarial networks for people who write fit."""


main.add_command(fit)
main.add_command(compare)
main.add_command(plugins)


@main.command()
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), default="skgan-demo", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random state of the fit.")
@click.option("--max-iter", type=click.IntRange(1), default=None, help="Generator updates; by default a stated budget.")
def demo(out: Path, seed: int, max_iter: int | None) -> None:
    """Fit a conditional GAN on real digits, measure it beside baselines, write a picture and the model."""
    from skgan import demo

    demo.run(out, seed, click.echo, max_iter="auto" if max_iter is None else max_iter)


@main.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-n", "--n-samples", type=click.IntRange(1), default=64, show_default=True)
@click.option("--label", default=None, help="A label for all samples; by default drawn as often as they were seen.")
@click.option("--seed", type=click.IntRange(0), default=None, help="Random state of the draw.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="Ends in .png (or another image), .npy or .csv."
)
@click.option("--overwrite", is_flag=True, help="Replace what is there already.")
def sample(model: Path, n_samples: int, label: str | None, seed: int | None, out: Path, overwrite: bool) -> None:
    """Draw from a saved MODEL into a picture, an array or a table."""
    from skgan import GANEstimator
    from skgan.exceptions import SkganError

    check_place("-o", out, (*_PICTURES, ".npy", ".csv"), overwrite)
    try:
        gan = GANEstimator.load(model)
        samples = gan.sample(n_samples, None if label is None else _label_of(gan, label), random_state=seed)
        _write(samples, out)
    except (SkganError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{n_samples} samples: {out}")


def _label_of(gan: Any, text: str) -> Any:
    """Return the class that is written as `text`; the text itself when there is none, to be refused by name."""
    classes = getattr(gan, "classes_", np.array([]))
    return next((label for label in classes.tolist() if str(label) == text), text)


def _write(samples: Any, out: Path) -> None:
    suffix = out.suffix.lower()
    if suffix in _PICTURES:
        from skgan.pictures import save_grid

        save_grid(samples, out)
    elif suffix == ".npy":
        array = np.asarray(samples)
        if array.dtype == object:
            raise ValueError(
                f"-o must end in .csv for a table with text or dates. Got {out.name!r}. Give another name."
            )
        np.save(out, array, allow_pickle=False)
    elif hasattr(samples, "to_csv"):
        samples.to_csv(out, index=False)
    else:
        np.savetxt(out, samples.reshape(len(samples), -1), delimiter=",", fmt="%.9g")
