"""Differentiable changes of samples before the discriminator, one file each."""
