"""``execd bench live``: how quick the way to a venue is, beside raw ccxt and a bare signed POST in the same run.

exchange.py  the local exchange, as a process on a core of its own
rig.py       a daemon's cells, without its prices: whoever measures gives the instructions
noting.py    a session that notes when the first byte of each request is written
peers.py     the same order by raw ccxt and by bare aiohttp
cases.py     what is measured at a venue, each case in a fresh process (case.py)
folding.py   how quickly a journal is folded at a start
judged.py    the figures as they were aimed at, met or missed
command.py   runs the cases in turn and says what came out
"""
