"""What a strategy is, and those that come with execd."""
