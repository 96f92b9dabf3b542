"""Recorded market data: what the files mean, whether they can be used, and the stream of slices they make."""
