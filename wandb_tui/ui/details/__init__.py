"""Everything about one run, with a plot of its metrics."""
