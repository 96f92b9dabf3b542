"""Assembles, starts, watches, reports, stops: wiring, command line, benchmarks."""
