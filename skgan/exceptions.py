"""What skgan raises and warns, as one tree.

::

    SkganError
    ├── InvalidParameterError (ValueError, TypeError)   a parameter has a wrong type or value
    │   ├── CheckpointPlaceError (NotADirectoryError)   checkpoint_dir is something else
    │   └── ComponentNotFoundError                      no part of that name
    │       └── AmbiguousComponentError                 two plugins claim that name
    ├── IncompatibleComponentError (ValueError)         parts that cannot work together
    ├── IncomparableScoresError (ValueError)            two scores that were not measured alike
    ├── PluginError (RuntimeError)                      a plugin, or a part of one's own, is broken
    ├── TrainingDivergedError (FloatingPointError)      a number stopped being finite
    ├── CheckpointError (ValueError)                    a saved model cannot be used
    │   ├── CheckpointNotFoundError (FileNotFoundError) ... or is not there
    │   ├── CheckpointWriteError (OSError)              ... or could not be written
    │   │   └── CheckpointExistsError (FileExistsError) ... or is there already
    │   ├── CheckpointCorruptError                      ... or is not what was written
    │   ├── CheckpointMismatchError                     ... or is whole, but of another class or of other networks
    │   ├── CheckpointVersionError                      ... or has a format that this skgan does not know
    │   └── UnsafeFileError                             ... or is a pickle, which would run code
    ├── DeviceError (RuntimeError)                      the device asked for is not there
    │   └── RankError                                   one of several processes failed, hangs or trains something else
    └── DeviceMemoryError (MemoryError)                 the device has not enough memory

    UserWarning
    ├── PluginLoadWarning                               a plugin was left out
    ├── sklearn.exceptions.InconsistentVersionWarning
    │   └── PickleVersionWarning                        a pickle is of another skgan
    └── sklearn.exceptions.ConvergenceWarning
        └── TrainingWarning                             training goes on, but look at it

Data of a wrong shape or kind raises scikit-learn's own ``ValueError`` and ``TypeError``, an
estimator that is not fitted its ``NotFittedError``.
"""

from sklearn.exceptions import ConvergenceWarning, InconsistentVersionWarning

__all__ = [
    "AmbiguousComponentError",
    "CheckpointCorruptError",
    "CheckpointError",
    "CheckpointExistsError",
    "CheckpointMismatchError",
    "CheckpointNotFoundError",
    "CheckpointPlaceError",
    "CheckpointVersionError",
    "CheckpointWriteError",
    "ComponentNotFoundError",
    "DeviceError",
    "DeviceMemoryError",
    "IncomparableScoresError",
    "IncompatibleComponentError",
    "InvalidParameterError",
    "PickleVersionWarning",
    "PluginError",
    "PluginLoadWarning",
    "RankError",
    "SkganError",
    "TrainingDivergedError",
    "TrainingWarning",
    "UnsafeFileError",
]


class SkganError(Exception):
    """Everything skgan raises on its own account."""


class InvalidParameterError(SkganError, ValueError, TypeError):
    """A parameter has a type or a value that is not allowed."""


class CheckpointPlaceError(InvalidParameterError, NotADirectoryError):
    """Checkpoints are to go where something else is."""


class ComponentNotFoundError(InvalidParameterError):
    """No part of that family has that name."""


class AmbiguousComponentError(ComponentNotFoundError):
    """Two plugins claim the same short name."""


class IncompatibleComponentError(SkganError, ValueError):
    """Two parts, or a part and the data, cannot work together."""


class IncomparableScoresError(SkganError, ValueError):
    """Two scores were measured in different ways, so that neither is better."""


class PluginError(SkganError, RuntimeError):
    """An installed plugin is broken, or a part does not do what its interface says."""


class TrainingDivergedError(SkganError, FloatingPointError):
    """A loss or a gradient stopped being finite, or the logits grew without bound."""


class CheckpointError(SkganError, ValueError):
    """A saved model cannot be used."""


class CheckpointWriteError(CheckpointError, OSError):
    """A model could not be written."""


class CheckpointExistsError(CheckpointWriteError, FileExistsError):
    """Something is there already, and would be lost."""


class CheckpointNotFoundError(CheckpointError, FileNotFoundError):
    """There is no checkpoint to go on from."""


class CheckpointCorruptError(CheckpointError):
    """A saved model is not what was written."""


class CheckpointMismatchError(CheckpointError):
    """A saved model is whole, but not of what it is asked to be."""


class CheckpointVersionError(CheckpointError):
    """A saved model has a format that this version of skgan does not know."""


class UnsafeFileError(CheckpointError):
    """A file could run code when it is loaded, so it is not."""


class DeviceError(SkganError, RuntimeError):
    """The device asked for is not there."""


class RankError(DeviceError):
    """One of several processes that train together failed, did not answer in time or trains something else."""


class DeviceMemoryError(SkganError, MemoryError):
    """There is not enough memory for what was asked; nothing smaller was done instead."""


class PluginLoadWarning(UserWarning):
    """A plugin was left out."""


class PickleVersionWarning(InconsistentVersionWarning):
    """An estimator was pickled by another version of skgan."""

    def __str__(self) -> str:
        return (
            f"{self.estimator_name} was pickled by skgan {self.original_sklearn_version} and is loaded by skgan "
            f"{self.current_sklearn_version}. It may not work, or work otherwise. Use save and load to keep a model."
        )


class TrainingWarning(ConvergenceWarning):
    """Training goes on, but something deserves a look."""
