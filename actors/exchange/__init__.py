"""Exchanges: the simulated one, and the pure rules that it shares with the gate and, later, with the live ones."""
