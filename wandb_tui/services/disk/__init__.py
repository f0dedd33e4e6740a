"""What is kept in files: the watch list, the settings, what is known of servers, the log."""
