"""Penalties and constraints, one file each."""
