"""Ten thousand answers over a network and a server that fail all the time.

A real server runs in a process of its own, and its model answers as slowly as there are
faults left: cut connections, half-open ones, lost transports, restarts. Everything is drawn
from a seed. What clients saw, and what a fresh reader finds afterwards, is held against what
the model said. ``python -m bench.soak --answers 10000 --seed 7``; start reading at `run`.
"""
