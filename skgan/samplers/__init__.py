"""Ways to draw samples after training, one file each."""
