"""The conformance kit: checks that a generative estimator of anybody's can be put through."""

from skgan.testing.estimator_checks import check_generative_estimator, generative_checks

__all__ = ["check_generative_estimator", "generative_checks"]
