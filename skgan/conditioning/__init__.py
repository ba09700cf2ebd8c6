"""Ways for labels to reach both networks, one file each."""
