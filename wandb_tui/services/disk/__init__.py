"""Files: the watch list, the settings, the servers' export profiles, the log, locks."""
