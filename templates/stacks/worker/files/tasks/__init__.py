"""Work that arrives as messages of a queue."""
