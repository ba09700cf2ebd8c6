"""``skgan compare``: saved models, or the newest checkpoints of runs, side by side on rows of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skgan.fit_cli import check_place

#: endings of what matplotlib draws
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".pdf", ".svg")


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Rows that no model was trained on.")
@click.option("--label", default=None, help="A column of a .csv, or a .npy file with labels.")
@click.option("--scoring", default=None, help="Metrics, with commas; by default a few for this kind of data.")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=None, help="A picture; needs matplotlib.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random state of the samples.")
def compare(
    runs: tuple[Path, ...], data: Path, label: str | None, scoring: str | None, out: Path | None, seed: int
) -> None:
    """Put models side by side: each RUN is a saved model, or a directory of checkpoints, whose newest is taken."""
    import skgan
    from skgan import tables
    from skgan.exceptions import SkganError

    if data.suffix.lower() not in tables.SUFFIXES:
        raise click.BadParameter(f"must end in {', '.join(tables.SUFFIXES)}. Got {data.name!r}.", param_hint="--data")
    names = _names(runs)
    if len(set(names)) < len(names):
        raise click.UsageError(f"RUN must name each model once. Got {len(runs)}, {len(set(names))} of them different.")
    if out is not None:
        check_place("-o", out, _PICTURES)
    metrics = None if scoring is None else [name.strip() for name in scoring.split(",")]
    try:
        X, y = tables.read(data, label)
        models = {name: _loaded(run) for name, run in zip(names, runs, strict=True)}
        found = skgan.compare(models, X, y, scoring=metrics, random_state=seed)
        click.echo(found.table())
        if out is not None:
            found.plot(out)
            click.echo(f"Picture: {out}")
    except ImportError as error:
        raise click.ClickException(f"A picture needs {error.name}. Install it, or leave --out out.") from None
    except (SkganError, OSError, ValueError, TypeError) as error:
        raise click.ClickException(str(error)) from None


def _loaded(run: Path) -> Any:
    from skgan import GANEstimator
    from skgan.checkpoint_dir import CheckpointDirectory

    if (run / "manifest.json").exists() or not run.is_dir():
        return GANEstimator.load(run)
    return CheckpointDirectory(run).newest(lambda entry: GANEstimator.load(entry.path))


def _names(runs: tuple[Path, ...]) -> list[str]:
    """Return the last part of each path, the whole where two are the same."""
    short = [run.name or str(run) for run in runs]
    return [name if short.count(name) == 1 else str(run) for name, run in zip(short, runs, strict=True)]
