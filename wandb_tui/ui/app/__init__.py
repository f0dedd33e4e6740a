"""The application: start, palette, themes, its terminal."""
