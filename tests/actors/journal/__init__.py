"""Tests of actors/journal/."""
