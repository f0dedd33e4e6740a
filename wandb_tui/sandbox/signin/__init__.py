"""The sign-in pages of the sandbox, one kind at a time."""
