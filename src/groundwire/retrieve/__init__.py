"""A question to its passages: in parts, by words and by meaning, fused, put in order, joined.

Knows ports only; writes nothing and calls no chat model by itself. Start reading at `search`.
"""
