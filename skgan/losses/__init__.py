"""What each player minimises, one file a loss."""
