"""Tests of Binance on the local exchange."""
