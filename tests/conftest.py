"""What every test runs under: one thread, array API on, and nothing global changed."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # before scipy is imported, else scikit-learn skips a check

import random
import signal

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(1)
# A job that a shell started in the background is born with Ctrl-C ignored, and so are its children.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    print_blob=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("nightly", settings.get_profile("ci"), derandomize=False, max_examples=1000)
settings.register_profile("mutation", settings.get_profile("ci"), max_examples=25)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def _global_state():
    kind, keys, *rest = np.random.get_state()
    return {
        "torch": torch.random.get_rng_state().numpy().tobytes(),
        "numpy": (kind, keys.tobytes(), *rest),
        "python": random.getstate(),
        "threads": torch.get_num_threads(),
        "grad mode": torch.is_grad_enabled(),
        "dtype": torch.get_default_dtype(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "interrupt": signal.getsignal(signal.SIGINT),
        "directory": os.getcwd(),
    }


@pytest.fixture(autouse=True)
def nothing_global_changes(request):
    """Fail a test after which a global generator, setting or handler is not what it was."""
    if "moves_global_state" in request.keywords:
        yield
        return
    before = _global_state()
    yield
    after = _global_state()
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, f"changed: {changed}"
