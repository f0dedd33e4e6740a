"""The table of runs: columns, filter, sorting, selection."""
