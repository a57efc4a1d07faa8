"""Data sets, augmentation, and other images drawn at random."""
