"""What stands in for the world outside: venues to rehearse against, and faults on demand."""
