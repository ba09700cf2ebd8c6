"""Two ranks on the CPU train what one trains with twice the batch, agree in all they do, and never wait for ever."""

import inspect
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch.distributed as dist

import skgan
from skgan import GANEstimator, distributed
from skgan.architectures.mlp import MLP
from skgan.data import Shuffled
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


NUMBERS = (
    "two_ranks_are_one_with_twice_the_batch",
    "weights_are_the_same_before_they_are_levelled",
    "parts_draw_other_numbers_on_each_rank_and_keep_the_same_state",
    "other_ways_to_fit",
)
