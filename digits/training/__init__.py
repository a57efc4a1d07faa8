"""Training: one step, a whole run, and how it is stopped, resumed and repeated."""
