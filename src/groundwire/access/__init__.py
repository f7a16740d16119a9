"""Who may: identity from what was presented, and the one guard that use cases call.

Knows nothing of HTTP. Start reading at `authorize`.
"""
