"""Secrets and sessions: stores them, selects those to use, and keeps them out of logs and errors."""
