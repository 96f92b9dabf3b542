"""What feeds the actors: core, cells, mailboxes, timers, supervision. The only place that knows Pykka.

core.py         the core: one FIFO for all stepped cells, one order of events, inline or in a thread of its own
turns.py        how an input is worked until nothing of it is left, and what becomes of one that crashes
core_thread.py  the core's thread: its input queue, the wall clock, timers that come due while nothing else does
stepped.py      a stepped cell, and the ref by which the outside reaches any cell
threaded.py     a cell with a thread and a mailbox of its own
mailbox.py      what waits for a cell, and what happens by class of message when too much does
supervisor.py   who is restarted, how often and how fast, when everything stops, and the exit code
dead_letters.py what nobody worked
timers.py       wake me later, undone with the turn that set it
crashes.py      what a crash means for the input that caused it
clock.py        the only clock

The third kind of cell, looped (a thread with one asyncio loop), comes with the live venues, beside threaded.py.
"""
