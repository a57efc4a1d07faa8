"""Metrics, calibration and the evaluation of a network."""
