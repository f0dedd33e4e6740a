"""The main screen: header, table, logs, key bar, help, sign-in."""
