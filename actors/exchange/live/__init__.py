"""Real venues: everything that waits for a network. The only place, with modules named live.py, that knows ccxt."""
