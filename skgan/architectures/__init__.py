"""Pairs of networks built from the shape of the data, one file each."""
