"""The model of monitoring: standard library only, no input or output of its own."""
