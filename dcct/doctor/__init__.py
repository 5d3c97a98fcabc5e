"""What keeps the run from starting here, and what to do about it."""
