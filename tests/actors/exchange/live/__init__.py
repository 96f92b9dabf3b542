"""The way to real venues."""
