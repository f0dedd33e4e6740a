"""The screen that compares a metric of several runs."""
