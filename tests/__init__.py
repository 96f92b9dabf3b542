"""Mirrors the house. What a test promises stands at the head of its file."""
