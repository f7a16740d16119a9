"""A document goes in: accepted, parsed, cut, indexed by words, then by meaning.

The formats are the parser adapters' business, searching is `retrieve`'s. Start reading at
`accept`, then `index`.
"""
