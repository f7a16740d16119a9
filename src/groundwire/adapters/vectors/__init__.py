"""Stores of vectors outside the index: Chroma, and PostgreSQL with pgvector.

Each is one file that implements `ports.vector_store`; `embedded.split_index` makes an index of it.
Their libraries are extras of the package. Start reading at `choose`.
"""
