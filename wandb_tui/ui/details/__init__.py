"""The details of one run, with a plot of its metrics."""
