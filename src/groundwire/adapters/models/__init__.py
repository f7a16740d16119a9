"""Ways to an answer: every `ChatModel`, and the `Models` directory that finds them by name.

Not here: prompts and citations (`answer`), child processes (`adapters.runtime`).
Start reading at `directory`.
"""
