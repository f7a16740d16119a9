"""A question and passages to scores: a GGUF in the embedded runtime, an endpoint, a fake.

No weights come with the product; a person names a file or an address. Start reading at `pairs`.
"""
