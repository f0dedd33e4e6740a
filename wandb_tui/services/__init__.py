"""The outside world: the API, the browser, the keyring, the disk. Nothing here knows of a screen."""
