"""What losses come with by custom, where no paper of their own decides."""

from skgan.interfaces import DataSpec

#: weight of the penalty on real samples for each feature of a vector, and for images; docs/benchmarks.md says why
PENALTY_PER_FEATURE = 0.15
PENALTY_OF_IMAGES = 5.0


def customary(spec: DataSpec) -> dict:
    """Return DCGAN's Adam for what is not a vector; for vectors the penalty ``"r1"``, and the networks' own optimizer.

    The losses that call this have no penalty in their papers, which trained on images. On a ring of
    Gaussians they find all modes and lose some again, the sooner the better the discriminator; a
    zero-centred penalty keeps them. ``regularizers=None`` is the textbook's.
    """
    if spec.kind == "vector":
        return {"regularizers": [("r1", {"weight": PENALTY_PER_FEATURE * spec.n_values})]}
    return dcgan_adam()


def dcgan_adam() -> dict:
    """Return the Adam that DCGAN made the custom: 2e-4 and (0.5, 0.999)."""
    return {"optimizer": ("adam", {"betas": (0.5, 0.999)}), "learning_rate": 2e-4}
