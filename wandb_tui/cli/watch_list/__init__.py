"""Commands that show and change the watch list, which a dashboard may have open."""
