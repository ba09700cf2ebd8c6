"""The conformance kit: checks that parts and generative estimators of anybody's can be put through."""

from skgan.testing.conformance import (
    ArchitectureConformance,
    AugmentationConformance,
    CallbackConformance,
    ConditioningConformance,
    ConstraintConformance,
    EncoderConformance,
    FeaturesConformance,
    LossConformance,
    MetricConformance,
    OptimizerConformance,
    RegularizerConformance,
    SamplerConformance,
)
from skgan.testing.estimator_checks import check_generative_estimator, generative_checks
from skgan.testing.kit import (
    Known,
    check_component,
    check_plugin,
    component_checks,
    parametrize_component_checks,
)
from skgan.testing.rerun import Rerun

__all__ = [
    "ArchitectureConformance",
    "AugmentationConformance",
    "CallbackConformance",
    "ConditioningConformance",
    "ConstraintConformance",
    "EncoderConformance",
    "FeaturesConformance",
    "Known",
    "LossConformance",
    "MetricConformance",
    "OptimizerConformance",
    "RegularizerConformance",
    "Rerun",
    "SamplerConformance",
    "check_component",
    "check_generative_estimator",
    "check_plugin",
    "component_checks",
    "generative_checks",
    "parametrize_component_checks",
]
