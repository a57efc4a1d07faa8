"""Images, labels and everything that is drawn at random."""
