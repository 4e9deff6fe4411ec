"""A stand-in ends with the rig that has started it, whatever ends that; it may have had no time to end anything itself.

The rig keeps the other end of the standard input open, writes nothing there, and the system closes it in the end. Whoever
starts a stand-in by hand does so at a terminal: an input that is empty ends it at once.
"""

import os
import threading


def wait():
    # Not by sys.stdin, whose lock would be held when the interpreter ends in order.
    while os.read(0, 1):
        pass
    # What it has is of use to nobody any more.
    os._exit(1)


def tie():
    threading.Thread(target=wait, daemon=True).start()
