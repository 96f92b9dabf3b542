"""Everything that decides or acts, and the runtime that feeds it."""
