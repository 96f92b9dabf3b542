"""Tests of the specification's surface, `ops.interfaces`."""
