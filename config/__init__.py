"""What an operator may choose, and whether it makes sense. Imports messages, never actors or ops."""
