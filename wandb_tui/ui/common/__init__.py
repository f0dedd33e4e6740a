"""Dialogs, screens and widgets that several features share."""
