"""What samples are compared by: vectors in which a distance means something, one file an idea."""
