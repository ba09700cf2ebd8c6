"""n steps, save, load in another process, n more: the same bits as 2n steps, for every part that there is."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scenes import every_part, scene

FAMILIES = ("loss", "architecture", "regularizer", "conditioning", "augmentation", "optimizer")
STEPS = 3

CONTINUE = """
import sys
from pathlib import Path
import numpy as np, torch
torch.set_num_threads(1)
from skgan import GANEstimator
for folder in map(Path, sys.argv[1:]):
    data = np.load(folder / "data.npz")
    gan = GANEstimator.load(folder / "model").set_params(warm_start=True, device="cpu")
    gan.fit(data["X"], data["y"] if "y" in data else None)
    arrays, counters = gan._model_.stored()
    np.savez(folder / "resumed.npz", **arrays, **{f"counter {k}": v for k, v in counters.items()})
"""


@pytest.mark.goal("G5")
@pytest.mark.parametrize("family", FAMILIES)
def test_resumed_is_uninterrupted(family, tmp_path):
    parts = {f"{number}": part for number, part in enumerate(every_part([family]))}
    for name, (kind, part) in parts.items():
        X, y, gan = scene(kind, part, max_iter=STEPS)
        (tmp_path / name).mkdir()
        gan.fit(X, y).save(tmp_path / name / "model")
        np.savez(tmp_path / name / "data.npz", X=X, **({} if y is None else {"y": y}))
    command = [sys.executable, "-W", "error", "-c", CONTINUE, *(str(tmp_path / name) for name in parts)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stderr

    for name, (kind, part) in parts.items():
        X, y, gan = scene(kind, part, max_iter=2 * STEPS)
        arrays, counters = gan.fit(X, y)._model_.stored()
        with np.load(tmp_path / name / "resumed.npz") as resumed:
            assert set(resumed.files) == {*arrays, *(f"counter {each}" for each in counters)}
            for each, array in arrays.items():
                np.testing.assert_array_equal(resumed[each], array, err_msg=f"{part}: {each}")
            for each, count in counters.items():
                assert resumed[f"counter {each}"] == count, part
