"""Two ranks on the CPU train what one trains with twice the batch, agree in all they do, and never wait for ever."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from hypothesis import given
from hypothesis import strategies as st
from joblib import Parallel, delayed

import skgan
from skgan import GANEstimator, distributed
from skgan.architectures.mlp import MLP
from skgan.data import Dataset, Shuffled
from skgan.exceptions import RankError

HERE = Path(__file__).parent
#: seconds after which two processes that should have ended long ago are killed
LONG = 240

pytestmark = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="torch was built without gloo"
)


def environment(**more):
    path = os.pathsep.join([str(Path(skgan.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"} | more


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def two_ranks(folder, *names, statuses=(0, 0)):
    """Let two processes run checks of `ranks.py`, and return what they print."""
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2"}
    command = [sys.executable, str(HERE / "ranks.py"), str(folder), *names]
    ranks = [
        subprocess.Popen(
            command,
            env=environment(RANK=str(rank), LOCAL_RANK=str(rank), **meeting),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [rank.communicate(timeout=LONG) for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert tuple(rank.returncode for rank in ranks) == statuses, "\n".join(err for _, err in said)
    return said


def checks():
    return re.findall(r"^def check_(\w+)", (HERE / "ranks.py").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("part", [0, 1])
def test_two_ranks(part, tmp_path):
    names = checks()[part::2]
    for name in names:
        (tmp_path / name).mkdir()
    dies = names[-1] == "a_rank_that_dies_is_named"
    (first, _), (second, _) = two_ranks(tmp_path, *names, statuses=(0, 9 if dies else 0))
    assert "rank 0 is through" in first
    assert ("rank 1 is through" in second) != dies


# --- how they are started -------------------------------------------------------------------------


def torchrun(*arguments, **settings):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", free_port()]
    return subprocess.run(
        [*command, *arguments], env=environment(), capture_output=True, text=True, timeout=LONG, **settings
    )


def test_the_command_trains_on_all_ranks_and_the_first_one_writes(tmp_path):
    X = np.random.default_rng(0).standard_normal((37, 3)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    net = ("--set", "architecture=mlp", "--set", "architecture__width=8", "--set", "architecture__depth=1")
    options = (*net, "--set", "batch_size=8", "--max-iter", "12", "--seed", "0", "--device", "cpu", "--out", "model")
    done = torchrun("-m", "skgan", "fit", "X.npy", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("12 steps on 37 rows") == 1
    assert "skgan" not in done.stderr
    loaded = GANEstimator.load(tmp_path / "model")
    one = GANEstimator(architecture=MLP(8, 1), batch_size=16, max_iter=12, random_state=0, device="cpu").fit(X)
    np.testing.assert_allclose(loaded.sample(20, random_state=1), one.sample(20, random_state=1), atol=1e-5)


def test_a_script_without_torchrun_never_asks_for_others(monkeypatch):
    monkeypatch.setattr(dist, "init_process_group", lambda *_, **__: pytest.fail("joined"))
    assert not distributed.is_several()
    with distributed.joined() as ranks:
        assert (ranks.rank, ranks.size, ranks.leads, ranks.alone) == (0, 1, True, True)


@pytest.mark.parametrize("missing", ["RANK", "MASTER_ADDR", "MASTER_PORT"])
def test_half_an_environment_is_refused(missing, monkeypatch):
    whole = {"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in whole.items():
        monkeypatch.setenv(name, value)
    assert distributed.is_several()
    monkeypatch.delenv(missing)
    with pytest.raises(RankError, match=f"WORLD_SIZE=2.*{missing}.*torchrun"):
        GANEstimator().fit(np.eye(4))


def test_threads_workers_and_who_wants_to_be_alone_do_not_join(monkeypatch):
    for name, value in {"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with distributed.alone():
        assert not distributed.is_several()
    for backend in ("threading", "loky"):
        assert Parallel(n_jobs=2, backend=backend)([delayed(distributed.is_several)()]) == [False]


# --- the rows -------------------------------------------------------------------------------------


@given(
    n=st.integers(1, 40),
    size=st.integers(1, 9),
    ranks=st.integers(1, 4),
    number=st.integers(0, 30),
    count=st.integers(1, 4),
)
def test_the_slices_of_all_ranks_are_the_batches_of_one(n, size, ranks, number, count):
    order, x = Shuffled(n, size * ranks, ("key",), torch.device("cpu")), torch.zeros(n, 1)
    same = (lambda rows: rows,) * 3
    slices = [Dataset(x, x, *same, size, ("key",), shard=(rank, ranks)) for rank in range(ranks)]
    whole = torch.cat([order.rows(number + turn).view(ranks, size) for turn in range(count)], dim=1)
    for rank, mine in enumerate(slices):
        assert torch.equal(mine.places(number, count), whole[rank])
        assert torch.equal(mine.places(number), whole[rank][:size])
