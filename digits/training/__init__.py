"""Training: optimizer steps, whole runs, and stopping, resuming and repeating them."""
