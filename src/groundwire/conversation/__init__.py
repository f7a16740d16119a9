"""The heart: what may happen in a conversation, what it folds into, and how it is read.

Knows no transport, no model and no database. Start reading at `follow`.
"""
