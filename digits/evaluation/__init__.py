"""Evaluation of a network: metrics, calibration, OOD score."""
