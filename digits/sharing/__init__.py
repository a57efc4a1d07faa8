"""Runs to hand on: a report in one file, a static site, and what is left out of them."""
