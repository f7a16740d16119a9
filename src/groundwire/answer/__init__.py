"""Passages to an answer: the prompt, the citations, and the run of one turn.

Knows no transport and no provider. Start reading at `run`.
"""
