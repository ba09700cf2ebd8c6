"""Models that released versions wrote: a folder each, with the data to train on and the samples drawn then."""
