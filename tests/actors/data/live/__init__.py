"""Tests of actors.data.live."""
