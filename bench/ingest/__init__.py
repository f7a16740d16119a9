"""How fast documents become findable, against each part of the way run alone.

The parts are the parser, the index of words and vectors, and the embedder; the whole is a server
that the same files are uploaded to. Start reading at `whole`.
"""
