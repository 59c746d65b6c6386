"""What the platform asks of the project: health, and migrations by one instance at a time."""
