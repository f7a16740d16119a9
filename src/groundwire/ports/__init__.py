"""The seams: one small `Protocol` each, its guarantees in its docstrings.

Adapters implement them, `bootstrap` chooses. Start reading at `event_log`.
"""
