"""What feeds the actors: core, cells, mailboxes, timers, supervision. The only place that knows Pykka.

core.py         the core: one FIFO for all stepped cells, one order of events, inline or in a thread of its own
turns.py        how an input is worked until nothing of it is left, and what becomes of one that crashes
core_thread.py  the core's thread: its input queue, the wall clock, timers that come due while nothing else does
stepped.py      a stepped cell, and the ref by which the outside reaches any cell
threaded.py     a cell with a thread and a mailbox of its own
looped.py       a cell with a thread, a mailbox and one asyncio loop: many messages in flight
epoch.py        one life of a looped cell's behaviour, and what becomes of its messages at the end
hosted.py       a looped cell as a task of a loop that others use too
task_context.py what each task of a looped cell carries along
virtual_time.py an asyncio loop whose time is a number, for simulations
asking.py       asking a cell from outside, with an error of ours where no answer comes
mailbox.py      what waits for a cell, and what happens by class of message when too much does
supervisor.py   who is restarted, how often and how fast, when everything stops, and the exit code
dead_letters.py what nobody worked
timers.py       wake me later, undone with the turn that set it
crashes.py      what a crash means for the input that caused it
clock.py        the only clock
"""
