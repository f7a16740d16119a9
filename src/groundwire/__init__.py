"""Groundwire: documents in, grounded and cited answers out, over one WebSocket.

Read the folders in the order of the data: `ingest` (a document goes in), `retrieve`,
`answer`, `conversation` (the log), `transport` (a token goes out).
"""

__version__ = "0.1.0"
