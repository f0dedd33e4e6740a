"""Log panes: layout, rendering, search, export."""
