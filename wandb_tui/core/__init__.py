"""What monitoring is: standard library only, no input or output of its own."""
