"""Numbers for how good samples are, one file a paper idea."""
