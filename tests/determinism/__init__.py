"""The same every time."""
