"""The losses of f-GAN for skgan. This module names them; the code is imported when a name is first used."""

from skgan import ComponentSpec, hookimpl

_LOSSES = {
    "f-kl": ("KL", "Kullback-Leibler divergence of the data from the model"),
    "f-reverse-kl": ("ReverseKL", "Kullback-Leibler divergence of the model from the data"),
    "f-chi-square": ("ChiSquare", "Pearson chi-square divergence"),
    "f-hellinger": ("Hellinger", "Squared Hellinger distance"),
    "f-jensen-shannon": ("JensenShannon", "Jensen-Shannon divergence"),
}


@hookimpl
def skgan_losses():
    """Offer the five losses."""
    return [
        ComponentSpec("loss", name, f"skgan_fgan.losses:{part}", summary=summary)
        for name, (part, summary) in _LOSSES.items()
    ]
