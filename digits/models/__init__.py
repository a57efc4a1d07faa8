"""Network builders, weights files, export, summaries."""
