"""The browser: finds or installs a Chromium, signs in once, and opens run pages, a few at a time."""
