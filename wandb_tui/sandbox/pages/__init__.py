"""The sandbox's web pages other than those for signing in."""
