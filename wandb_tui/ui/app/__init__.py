"""The application: start-up, palette, themes, terminal."""
