"""The specification, written from the types: AsyncAPI, OpenAPI and a page to read.

What things mean is said in ``spec/PROTOCOL.md``, by hand; what they look like is taken from the
structs that the server decodes and encodes. Start reading at `documents`. Nothing here runs
in a server but `doors`, which serves the files that are written.
"""
