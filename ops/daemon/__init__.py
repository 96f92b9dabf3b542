"""What runs until it is stopped: live and on paper.

preparation.py  from a config file to everything that a start needs; refuses what can't be used
venues.py       the look at each venue before a start: markets, account, clock, settings
record.py       the journal: made at the first start, gone on with at every other
daemon.py       starts everything, waits for its end, stops it in the reverse order
control.py      the way in for `execd resolve` and the like while it runs
"""
