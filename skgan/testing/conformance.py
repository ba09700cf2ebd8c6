"""The kit for those who prefer to inherit: a class for each family, with one test for each tier.

>>> from skgan.losses.hinge import Hinge
>>> from skgan.testing import LossConformance
>>> class TestHinge(LossConformance):
...     part = Hinge
>>> TestHinge().test_api()
"""

from __future__ import annotations

from typing import Any, ClassVar

from skgan.testing.kit import check_component


class Conformance:
    """Runs the checks of `kind` on `part`, a class or an object, when pytest collects a subclass."""

    kind: ClassVar[str]
    part: ClassVar[Any] = None
    #: see `skgan.testing.check_component`; a ``staticmethod``
    reference: ClassVar[Any] = None

    def test_api(self) -> None:
        """Constructor, parameters, docstring, tags, names."""
        check_component(self.part, kind=self.kind, tiers=["api"])

    def test_numeric(self) -> None:
        """Values, gradients, random numbers, state."""
        check_component(self.part, kind=self.kind, tiers=["numeric"], reference=self.reference)

    def test_integration(self) -> None:
        """Inside the estimator."""
        check_component(self.part, kind=self.kind, tiers=["integration"])


class LossConformance(Conformance):
    """For a loss."""

    kind = "loss"


class RegularizerConformance(Conformance):
    """For a regularizer."""

    kind = "regularizer"


class ArchitectureConformance(Conformance):
    """For an architecture."""

    kind = "architecture"


class ConditioningConformance(Conformance):
    """For a conditioning."""

    kind = "conditioning"


class AugmentationConformance(Conformance):
    """For an augmentation."""

    kind = "augmentation"


class OptimizerConformance(Conformance):
    """For an optimizer."""

    kind = "optimizer"


class SamplerConformance(Conformance):
    """For a sampler."""

    kind = "sampler"


class MetricConformance(Conformance):
    """For a metric."""

    kind = "metric"


class FeaturesConformance(Conformance):
    """For features."""

    kind = "features"


class CallbackConformance(Conformance):
    """For a callback."""

    kind = "callback"


class EncoderConformance(Conformance):
    """For an encoder of columns."""

    kind = "encoder"


class ConstraintConformance(Conformance):
    """For a rule for the rows of tables."""

    kind = "constraint"
