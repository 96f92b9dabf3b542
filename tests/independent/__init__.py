"""A backtest worked out a second time, by other code."""
