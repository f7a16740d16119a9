"""Children: how they are started, confined and ended; and the embedded model runtime.

The latter is llama.cpp, asked over HTTP: a crash, a long prefill or a model's memory is the
child's and never ours. What it does not do: know about prompts, chat or embeddings. Start reading
at `server`; for children that read what others made, at `confined`.
"""
