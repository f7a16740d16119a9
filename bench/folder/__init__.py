"""A folder of two thousand real files goes in while the server is killed again and again.

Some of the files are broken, locked, bombs or lies about their type. Every good one must become
ready exactly once with exactly its passages, every bad one must say why, questions must be
answered meanwhile, and memory has a bound. Start reading at `run`.
"""
