"""The embedded model runtime: llama.cpp in a child process, asked over HTTP.

A crash, a long prefill or a model's memory is the child's and never ours. What it does not
do: know about prompts, chat or embeddings. Start reading at `server`.
"""
