"""The runtime: cells, turns, mailboxes, supervision."""
