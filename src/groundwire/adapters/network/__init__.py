"""The one way out to the web, for tools and connectors: `web`, and where it must not lead:
`addresses`.
"""
