"""Writes what the documentation says of the parts, from the parts: ``python docs/generate.py``.

`losses.md` with `losses.png`, `compatibility.md`, and from the tests `reliability.md`. A test compares the files with
what this would write.
"""

import ast
import hashlib
import inspect
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from skgan import compatibility, registry
from skgan.interfaces import Critique, DataSpec

FOLDER = Path(__file__).parent
LOGITS = np.linspace(-4, 4, 161)
VECTORS = DataSpec("vector", (10,), False, "none", 0, 64)
IMAGES = DataSpec("image", (1, 32, 32), True, "none", 0, 64)
LABEL_KINDS = ("none", "classes", "multilabel", "continuous", "image")
DATA_KINDS = ("vector", "image", "signal", "volume")


def classes(kind):
    """Return name -> class of a family, each class once, under its first name; and its other names."""
    found = {}
    for name in registry.names(kind):
        found.setdefault(registry.resolve(kind, name), []).append(name)
    first = {part: registry.provenance(kind, part)["name"] for part in found}
    ordered = sorted(found, key=first.get)
    return {first[part]: part for part in ordered}, {first[p]: [n for n in found[p] if n != first[p]] for p in ordered}


# --- losses ---------------------------------------------------------------------------------------


def formula(part):
    """Return the formulas of both players, as the docstring has them."""
    text = re.search(r"\.\. math::(.*?)(?:\n\s*\n|\Z)", inspect.getdoc(part), re.DOTALL)[1]
    text = re.sub(r"\s+", " ", text).strip().replace(r"\|", r"\Vert ").replace("|", r"\vert ").replace("&", "")
    first, _, second = text.partition("L_G")
    return re.sub(r"(,|\\q*quad|\\\\|\s)+$", "", first), f"L_G{second}"


def papers(part):
    """Return the references of a docstring, one line each."""
    section = inspect.getdoc(part).partition("References\n----------\n")[2].partition("\n\nExamples")[0]
    return [re.sub(r"\s+", " ", entry).strip() for entry in re.split(r"\.\. \[\d+\]", section) if entry.strip()]


def defaults(part, spec):
    """Return what a loss says of everything else, in one line."""
    said = part().defaults(spec)

    def shown(value):
        if isinstance(value, list):
            return ", ".join(map(shown, value)) or "none"
        if isinstance(value, tuple) and isinstance(value[-1], dict):
            name, params = value
            return f"{name}({', '.join(f'{key}={shown(each)}' for key, each in params.items())})"
        return f"{value:g}" if isinstance(value, float) else str(value)

    return "; ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in said.items()) or "the library's"


def logit_losses():
    """Return the losses that are functions of the logits alone, one sample at a time."""
    return {name: part for name, part in classes("loss")[0].items() if part().tags().meaning != "energy"}


def curves(part):
    """Return values and slopes over the logit: of a real sample and a fake one for D, a fake one for G; others at 0."""
    found = {}
    sides = (("D, real", "discriminator", 0), ("D, fake", "discriminator", 1), ("G, fake", "generator", 1))
    for title, player, moving in sides:
        logits = [torch.zeros(len(LOGITS), dtype=torch.float64), torch.zeros(len(LOGITS), dtype=torch.float64)]
        logits[moving] = torch.tensor(LOGITS, requires_grad=True)
        values = []
        for i in range(len(LOGITS)):  # one at a time: a loss may look at the mean of the batch
            real, fake = (Critique(t[i : i + 1], t[i : i + 1, None]) for t in logits)
            values.append(getattr(part(), player)(SimpleNamespace(player=player, real_=real, fake_=fake)).reshape(()))
        values = torch.stack(values)
        (slopes,) = torch.autograd.grad(values.sum(), logits[moving], materialize_grads=True)
        found[title] = values.detach().numpy(), slopes.numpy()
    return found


def digest(every_curve):
    """Return a fingerprint of curves, equal where they are equal to four digits."""
    rounded = [np.round(line, 4) + 0.0 for lines in every_curve.values() for pair in lines.values() for line in pair]
    return hashlib.sha256(np.concatenate(rounded).tobytes()).hexdigest()


def losses_page():
    """Return the text of losses.md."""
    named, others = classes("loss")
    lines = [
        "# Losses, side by side",
        "",
        "Made by `python docs/generate.py` from the code. Both players minimise. $D$ is a logit,",
        "$\\mathrm{sp}(t) = \\log(1 + e^t)$, $[t]_+ = \\max(t, 0)$. *Meaning* is what the loss makes of the logit;",
        "parts that need one say so in their tags.",
        "",
        "| name | discriminator | generator | meaning |",
        "|---|---|---|---|",
    ]
    for name, part in named.items():
        of_discriminator, of_generator = formula(part)
        names = ", ".join(f"`{each}`" for each in (name, *others[name]))
        lines.append(f"| {names} | ${of_discriminator}$ | ${of_generator}$ | {part().tags().meaning} |")
    lines += [
        "",
        "## Defaults and papers",
        "",
        "| name | for 32x32 images | for ten columns | papers |",
        "|---|---|---|---|",
    ]
    for name, part in named.items():
        cited = "; ".join(papers(part))
        lines.append(f"| `{name}` | {defaults(part, IMAGES)} | {defaults(part, VECTORS)} | {cited} |")
    lines += [
        "",
        "## Value and slope over the logit",
        "",
        "One sample of each side; the logit that does not move is at 0. Where a line of slopes lies on 0, that",
        "player learns nothing. The losses of an energy are not functions of a logit of either sign and are left out.",
        "",
        "![Value and slope of each loss over the logit](losses.png)",
        "",
    ]
    return "\n".join(lines)


def draw(path):
    """Draw losses.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    every = {name: curves(part) for name, part in logit_losses().items()}
    figure, axes = plt.subplots(len(every), 2, figsize=(8, 1.5 * len(every)), sharex=True, layout="constrained")
    for (name, lines), (left, right) in zip(every.items(), axes, strict=True):
        for (title, (values, slopes)), style in zip(lines.items(), ({"lw": 3}, {}, {"ls": "--"}), strict=True):
            left.plot(LOGITS, values, label=title, **style)
            right.plot(LOGITS, slopes, label=title, **style)
        left.set_ylabel(name, rotation=0, ha="right", va="center")
        for axis in (left, right):
            axis.axhline(0, color="0.8", lw=0.8, zorder=0)
            axis.set_ylim(max(axis.get_ylim()[0], -6), min(axis.get_ylim()[1], 8))
    axes[0, 0].set_title("value")
    axes[0, 1].set_title("slope")
    axes[0, 1].legend(fontsize=7, loc="upper right")
    for axis in axes[-1]:
        axis.set_xlabel("logit")
    figure.savefig(path, dpi=90, metadata={"Description": digest(every)})
    plt.close(figure)


# --- what goes together ---------------------------------------------------------------------------


def table(rows, columns, reason, notes, corner):
    """Return a table of ticks; what does not go is a number that leads to its reason."""
    lines = [f"| {corner} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, row in rows.items():
        cells = []
        for column in columns.values():
            why = reason(row, column)
            if why and why not in notes:
                notes.append(why)
            cells.append(f"[{notes.index(why) + 1}]" if why else "✓")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def built(kind):
    """Return the parts of a family with their defaults."""
    return {f"`{name}`": part() for name, part in classes(kind)[0].items()}


def spec_of(kind, label_kind="none"):
    """Return data of a kind with labels of a kind."""
    shape = {"vector": (10,), "image": (1, 32, 32), "signal": (2, 32), "volume": (1, 8, 8, 8)}[kind]
    label_shape = {"none": (0,), "image": (1, 32, 32)}.get(label_kind, (3,))
    return DataSpec(kind, shape, kind == "image", label_kind, int(np.prod(label_shape)), 64, label_shape)


def by_label(part, label_kind):
    """Return why a part does not go with labels of a kind, on the first kind of data that it takes."""
    kind = (part.tags().kinds or DATA_KINDS)[0]
    reason = compatibility.why_not_data(part, spec_of(kind, label_kind))
    return re.sub(r", and y is .*|, and there is no y", "", reason) if "needs labels" in reason else ""


def by_data(part, kind):
    """Return why a part does not go with data of a kind."""
    reason = compatibility.why_not_data(part, spec_of(kind))
    return re.sub(r", and X is .*", "", reason) if "must be given" in reason else ""


def compatibility_page():
    """Return the text of compatibility.md."""
    notes = []
    lines = [
        "# What goes together",
        "",
        "Made by `python docs/generate.py` from the tags of the parts, by the rules of `skgan/compatibility.py`.",
        "Every pair is judged before the first step; ✓ goes, a number leads to the reason at the end.",
        "",
    ]
    pairs = [
        ("Losses and regularizers", "regularizer", "loss"),
        ("Losses and architectures", "architecture", "loss"),
        ("Regularizers and architectures", "regularizer", "architecture"),
        ("Regularizers and regularizers", "regularizer", "regularizer"),
        ("Losses and augmentations", "augmentation", "loss"),
        ("Losses and samplers", "sampler", "loss"),
    ]
    for title, row, column in pairs:
        rows, columns = built(row), built(column)
        if row == column:  # a part beside itself is refused for being given twice
            rows = columns = {n: p for n, p in rows.items() if any(compatibility.why_not(p, q) for q in rows.values())}
        if rows and columns:
            cells = table(rows, columns, compatibility.why_not, notes, row)
            lines += [f"## {title}", "", *cells]
    data = [
        ("Kinds of data", DATA_KINDS, by_data, ("architecture", "regularizer", "augmentation", "sampler")),
        ("Kinds of labels", LABEL_KINDS, by_label, ("architecture", "conditioning", "regularizer")),
    ]
    for title, kinds, reason, families in data:
        rows = {name: part for family in families for name, part in built(family).items()}
        picky = {name: part for name, part in rows.items() if any(reason(part, kind) for kind in kinds)}
        lines += [f"## {title}", "", "Parts that are not listed take every kind.", ""]
        lines += table(picky, {kind: kind for kind in kinds}, reason, notes, "part")
    lines += ["## Reasons", ""]
    lines += [f"{number}. {why[0].upper()}{why[1:]}." for number, why in enumerate(notes, 1)]
    return "\n".join([*lines, ""])


# --- what is promised, and what holds it ----------------------------------------------------------


def marked(kind):
    """Return id -> tests, by the marks ``pytest.mark.goal`` or ``pytest.mark.fault`` of functions and modules."""
    found = {}
    for file in sorted((FOLDER.parent / "tests").glob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                name, marks = f"{file.name}::{node.name}", node.decorator_list
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
                name, marks = file.name, list(ast.walk(node.value))
            else:
                continue
            for mark in marks:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{kind}":
                    for each in mark.args:
                        found.setdefault(ast.literal_eval(each), []).append(name)
    return found


def reliability_page():
    """Return the text of reliability.md."""
    told = tomllib.loads((FOLDER / "reliability.toml").read_text(encoding="utf-8"))
    goals, faults = marked("goal"), marked("fault")
    lines = [
        "# What is promised, and what holds it",
        "",
        "Made by `python docs/generate.py` from the marks in `tests/` and the figures in `docs/reliability.toml`.",
        "A figure is what the command printed on the day beside it, on two shared cores; a row without one is not",
        "reached, or not measured. `python -m pytest -m goal` runs the quick tests of this table, `python -m pytest -m",
        "fault` those of the next.",
        "The long ones - 200 kills, 100,000 mutated models, 10,000 steps - are one command, some ten minutes:",
        "`python -m pytest -m slow tests/test_faults.py tests/test_reading.py tests/test_auxiliaries.py`.",
        "",
        "| goal | promise | test | figure | command | day |",
        "|---|---|---|---|---|---|",
    ]
    for goal in told["goal"]:
        tests = ", ".join(f"`{name}`" for name in goals.get(goal["id"], [])) or goal.get("tests", "not yet")
        command = f"`{goal['command']}`" if goal["command"] else ""
        figure = goal["figure"] or "not measured yet"
        lines.append(f"| {goal['id']} | {goal['promise']} | {tests} | {figure} | {command} | {goal['date']} |")
    lines += ["", "## Faults that are injected", "", "| fault | what | test |", "|---|---|---|"]
    for fault, what in told["faults"].items():
        tests = ", ".join(f"`{name}`" for name in faults.get(fault, [])) or told["without_a_test"].get(fault, "")
        lines.append(f"| {fault} | {what} | {tests} |")
    lines += [
        "",
        "Bad input, B01 to B135, is one table in `tests/test_bad_inputs.py`: each id is a row, or has its reason in",
        "`OVERRIDDEN`.",
        "",
    ]
    return "\n".join(lines)


PAGES = {"losses.md": losses_page, "compatibility.md": compatibility_page, "reliability.md": reliability_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
    draw(FOLDER / "losses.png")
