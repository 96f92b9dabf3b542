"""What actors may say to each other: immutable values, and nothing else. Imports none of our other packages."""
