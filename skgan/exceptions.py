"""What skgan raises and warns, as one tree.

::

    SkganError
    ├── InvalidParameterError (ValueError, TypeError)   a parameter has a wrong type or value
    │   └── ComponentNotFoundError                      no part of that name
    │       └── AmbiguousComponentError                 two plugins claim that name
    ├── IncompatibleComponentError (ValueError)         parts that cannot work together
    ├── PluginError (RuntimeError)                      an installed plugin is broken
    ├── TrainingDivergedError (FloatingPointError)      a number stopped being finite
    ├── CheckpointError (ValueError)                    a saved model cannot be used
    │   ├── CheckpointWriteError (OSError)              ... or could not be written
    │   └── CheckpointCorruptError                      ... or is not what was written
    └── DeviceError (RuntimeError)                      the device asked for is not there

    UserWarning
    ├── PluginLoadWarning                               a plugin was left out
    └── sklearn.exceptions.ConvergenceWarning
        └── TrainingWarning                             training goes on, but look at it

Data of a wrong shape or kind raises scikit-learn's own ``ValueError`` and ``TypeError``, an
estimator that is not fitted its ``NotFittedError``.
"""

from sklearn.exceptions import ConvergenceWarning

__all__ = [
    "AmbiguousComponentError",
    "CheckpointCorruptError",
    "CheckpointError",
    "CheckpointWriteError",
    "ComponentNotFoundError",
    "DeviceError",
    "IncompatibleComponentError",
    "InvalidParameterError",
    "PluginError",
    "PluginLoadWarning",
    "SkganError",
    "TrainingDivergedError",
    "TrainingWarning",
]


class SkganError(Exception):
    """Everything skgan raises on its own account."""


class InvalidParameterError(SkganError, ValueError, TypeError):
    """A parameter has a type or a value that is not allowed."""


class ComponentNotFoundError(InvalidParameterError):
    """No part of that family has that name."""


class AmbiguousComponentError(ComponentNotFoundError):
    """Two plugins claim the same short name."""


class IncompatibleComponentError(SkganError, ValueError):
    """Two parts, or a part and the data, cannot work together."""


class PluginError(SkganError, RuntimeError):
    """An installed plugin is broken."""


class TrainingDivergedError(SkganError, FloatingPointError):
    """A loss or a gradient stopped being finite."""


class CheckpointError(SkganError, ValueError):
    """A saved model cannot be used."""


class CheckpointWriteError(CheckpointError, OSError):
    """A model could not be written."""


class CheckpointCorruptError(CheckpointError):
    """A saved model is not what was written."""


class DeviceError(SkganError, RuntimeError):
    """The device asked for is not there."""


class PluginLoadWarning(UserWarning):
    """A plugin was left out."""


class TrainingWarning(ConvergenceWarning):
    """Training goes on, but something deserves a look."""
