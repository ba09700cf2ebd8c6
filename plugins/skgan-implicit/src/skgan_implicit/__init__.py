"""Images as functions of their coordinates, for skgan. The code is imported when a name is first used."""

from skgan import ComponentSpec, hookimpl


@hookimpl
def skgan_architectures():
    """Offer the coordinate network."""
    return [
        ComponentSpec(
            "architecture",
            "implicit",
            "skgan_implicit.architecture:Implicit",
            summary="A generator that paints each pixel from its coordinates",
        )
    ]


@hookimpl
def skgan_conditionings():
    """Offer feature-wise linear modulation."""
    return [
        ComponentSpec(
            "conditioning",
            "film",
            "skgan_implicit.film:FiLM",
            summary="Labels scale and shift the features of both networks",
        )
    ]
