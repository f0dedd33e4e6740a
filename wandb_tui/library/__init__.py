"""What scripts import: monitors, groups of them, forks, downloads."""
