"""Tests of actors.data."""
