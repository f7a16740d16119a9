"""The nouns: values that every other folder speaks of, and what they must judge alike.

Nothing here does I/O or knows a library but msgspec. Start reading at `events`.
"""
