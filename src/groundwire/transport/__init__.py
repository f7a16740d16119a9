"""The mouths: WebSocket and HTTP over the same use cases and the same log.

Holds no rule about answers or documents. Start reading at `connection`, then `client` and
`attachments`, then a mouth: `websocket`, `sse` or `poll`.
"""
