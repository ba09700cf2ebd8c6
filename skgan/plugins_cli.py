"""The ``skgan plugins`` commands: what there is, what one part is, and whether a plugin's parts keep their promises."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from typing import Any

import click

from skgan.exceptions import SkganError
from skgan.hookspecs import HOOKS, HOOKS_OF_GROUP, PARTS_GROUP

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def plugins() -> None:
    """List, show and check parts that installed packages offer."""


@plugins.command("list")
@_as_json
@click.option("--all", "everything", is_flag=True, help="List built-in parts too.")
def list_plugins(as_json: bool, everything: bool) -> None:
    """List installed plugins, their parts and what is wrong with them."""
    from skgan import registry
    from skgan.plugins import loaded

    installed = [plugin for group in HOOKS_OF_GROUP for plugin in loaded(group, tell=False)]
    parts = registry.listing(warn=False)
    rows = [_plugin_row(plugin, parts) for plugin in installed]
    if everything:
        rows = [_built_in_row(parts), *rows]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("No plugins are installed. List the parts of skgan with --all.")
    for row in rows:
        click.echo(f"{row['distribution']} {row['version']}: {row['status']} {row['error']}".rstrip())
        for entry in row["entry_points"]:
            click.echo(f"  [{row['group']}] {entry}")
        if row["hooks"]:
            click.echo(f"  hooks: {', '.join(row['hooks'])}")
        for remark in row["remarks"]:
            click.echo(f"  look: {remark}")
        _table([(part["kind"], part["write"], part["status"], part["summary"]) for part in row["components"]])


@plugins.command("show")
@click.argument("kind", type=click.Choice(list(HOOKS)))
@click.argument("name")
@_as_json
def show_part(kind: str, name: str, as_json: bool) -> None:
    """Show the part that NAME stands for in the family KIND: class, parameters and document."""
    from skgan import registry

    try:
        with redirect_stdout(sys.stderr):  # what a part prints when it is imported
            part = registry.describe(kind, name)
    except SkganError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(part, indent=2))
        return
    click.echo(f"{kind} {part['name']}, from {part['distribution']} {part['version']}")
    click.echo(f"class {part['class']}")
    for parameter in part["parameters"]:
        allowed = f"  {parameter['allowed']}" if parameter["allowed"] else ""
        click.echo(f"  {parameter['name']} = {parameter['default']}{allowed}")
    click.echo(f"\n{part['document']}")


@plugins.command("check")
@click.argument("distribution")
@_as_json
def check_plugin(distribution: str, as_json: bool) -> None:
    """Put every part of an installed DISTRIBUTION through the conformance kit; fail when one fails."""
    import skgan

    try:
        with redirect_stdout(sys.stderr):
            records = [_record(record) for record in skgan.testing.check_plugin(distribution)]
    except SkganError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(records, indent=2))
    else:
        _table(_checked(records), head=("part", "passed", "failed", "skipped", "first failure"), indent="")
    if not records:
        raise click.ClickException(f"{distribution} must offer at least one part. It offers none.")
    if any(record["status"] == "failed" for record in records):
        sys.exit(1)


def _plugin_row(plugin: Any, parts: Iterable[Any]) -> dict[str, Any]:
    mine = [_part_row(part) for part in parts if part.distribution == plugin.distribution]
    return {
        "distribution": plugin.distribution,
        "version": plugin.version,
        "group": plugin.group,
        "entry_points": list(plugin.entry_points),
        "status": plugin.status,
        "error": plugin.error,
        "hooks": plugin.hooks,
        "remarks": plugin.remarks,
        "components": mine if plugin.group == PARTS_GROUP else [],
    }


def _built_in_row(parts: Iterable[Any]) -> dict[str, Any]:
    from skgan import __version__

    return {
        "distribution": "skgan",
        "version": __version__,
        "group": "",
        "entry_points": [],
        "status": "built in",
        "error": "",
        "hooks": [],
        "remarks": [],
        "components": [_part_row(part) for part in parts if part.distribution == "skgan"],
    }


def _part_row(part: Any) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "name": part.name,
        "write": part.write,
        "aliases": list(part.aliases),
        "target": part.target,
        "summary": part.summary,
        "status": part.status,
    }


def _record(record: dict[str, Any]) -> dict[str, str]:
    """Return a record of the kit as text: of which part, which check, how it went, and why."""
    from skgan.plugins import reason

    error = record.get("exception")
    part = " ".join(str(record[key]) for key in ("kind", "name") if record.get(key)) or str(record.get("component", ""))
    return {
        "part": part,
        "check_name": str(record["check_name"]),
        "status": str(record["status"]),
        "exception": "" if error is None else reason(error) if isinstance(error, BaseException) else str(error),
    }


def _checked(records: Iterable[dict[str, str]]) -> list[tuple[str, ...]]:
    """Return one line for each part: its counts and its first failure."""
    by_part: dict[str, list[dict[str, str]]] = {}
    for record in records:
        by_part.setdefault(record["part"], []).append(record)
    lines = []
    for part, mine in by_part.items():
        counts = [sum(record["status"] == status for record in mine) for status in ("passed", "failed", "skipped")]
        failures = [f"{record['check_name']}: {record['exception']}" for record in mine if record["status"] == "failed"]
        lines.append((part, *map(str, counts), failures[0] if failures else ""))
    return lines


def _table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...] = (), indent: str = "  ") -> None:
    rows = [*([head] if head and rows else []), *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo((indent + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))).rstrip())
