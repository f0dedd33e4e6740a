"""The library for scripts: monitors, groups of them, forks, downloads."""
