"""The dialog for picking runs from the server."""
