"""Dialogs, screens and boxes that several features share."""
