"""A question to its passages: by words and by meaning, fused.

Knows ports only; writes nothing and calls no chat model by itself. Start reading at `search`.
"""
