"""Numbers for how good samples are, one file a paper idea; each also a function: ``skgan.metrics.fid(X_real, X_fake)``.

>>> import numpy as np
>>> from skgan import metrics
>>> float(metrics.energy(np.zeros((4, 2)), np.zeros((5, 2))))
0.0
"""

from typing import Any


def __getattr__(name: str) -> Any:
    from skgan import judging, registry

    if name in __dir__():
        found = judging.function(registry.normalised(name))
        globals()[name] = found
        return found
    raise AttributeError(f"module 'skgan.metrics' has no attribute {name!r}")


def __dir__() -> list[str]:
    import keyword

    from skgan import registry

    names = [name.replace("-", "_") for name in registry.names("metric")]
    return sorted(name for name in names if not keyword.iskeyword(name))
