"""The world: implementations of the ports, one folder per thing they stand on.

No adapter knows the use cases or another family. Start reading at `embedded.store`.
"""
