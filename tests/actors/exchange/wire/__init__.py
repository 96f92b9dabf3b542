"""Tests of the dialects of live venues."""
