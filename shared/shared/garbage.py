"""The garbage collector, told what our processes are like: much that stays for good, and batches that come and go as a whole.

By default it looks at everything young after every 700 new objects, and a batch makes tens of thousands that are all still in use: a
third of the time a batch took went into looking at them, and the event loop stood still meanwhile.
"""

import gc

# Cycles that nothing refers to any more wait for as many others; they are few, and small beside what a batch holds.
_NEW_OBJECTS_BEFORE_A_LOOK = 50_000


def look_less_often() -> None:
    """Takes what is loaded by now out of the collector's sight, and lets it look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_BEFORE_A_LOOK, *gc.get_threshold()[1:])
