"""Tests of the server side of Bybit."""
