"""What was read becomes chunks, and text the terms that it is found by. Pure.

Below the ports, since a document is cut in the process that reads it, and a question where it is
searched: both by the same rules. Start reading at `chunk`.
"""
