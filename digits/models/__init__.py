"""Architectures, weights and their export."""
