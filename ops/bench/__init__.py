"""``execd bench``: how fast it is. Not a test: timings on shared machines prove nothing by themselves."""
