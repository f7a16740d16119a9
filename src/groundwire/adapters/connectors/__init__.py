"""Places that documents come from: the `Connector` port, one module for each kind.

They say what is there and what is unchanged; what becomes of it, `ingest.sync` decides. To the
network they go by `adapters.network.web` alone. What Git has packed is unpacked in a confined
child (`git_child`), never here. Start reading at `folder`, the simplest.
"""
