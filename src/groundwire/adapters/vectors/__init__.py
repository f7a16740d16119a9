"""Stores of vectors outside the index: Chroma, PostgreSQL with pgvector, and memory for tests.

Each is one file that implements `ports.vector_store`; `embedded.index` makes an index of it.
Libraries that one needs are extras of the package. Start reading at `choose`.
"""
