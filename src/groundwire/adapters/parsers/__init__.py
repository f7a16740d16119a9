"""Files to blocks, in confined child processes.

`pool` is the `Parser` and keeps the children; `child` is what runs in them; every other module
reads one format. Nothing here knows where blocks go. Start reading at `pool`.
"""
