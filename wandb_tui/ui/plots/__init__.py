"""Plots of metrics: the model, the widget, and small curves for the table."""
