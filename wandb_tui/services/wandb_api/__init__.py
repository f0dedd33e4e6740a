"""What is asked of the server's API, and what its answers mean."""
