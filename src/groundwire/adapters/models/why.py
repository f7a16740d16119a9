"""Why ``auto`` took a model, in the asker's language."""

from enum import Enum

from groundwire.ports.chat_model import Language


class Why(Enum):
    NAMED = "named"
    DEFAULT = "default"
    DEFAULT_MISSING = "default_missing"
    CAPABLE = "capable"
    ONLY = "only"
    CHATTY = "chatty"
    QUOTING = "quoting"


_SENTENCES: dict[Why, dict[Language, str]] = {
    Why.NAMED: {"en": "You chose {name}.", "zh": "您选择了 {name}。"},
    Why.DEFAULT: {"en": "{name} is the default model here.", "zh": "{name} 是这里的默认模型。"},
    Why.DEFAULT_MISSING: {
        "en": "The default model {name} is not there now. ",
        "zh": "默认模型 {name} 目前不可用。",
    },
    Why.CAPABLE: {
        "en": "{name} is the most capable model that is there.",
        "zh": "{name} 是目前可用的最强模型。",
    },
    Why.ONLY: {
        "en": "{name} is the one model of the configured endpoint.",
        "zh": "{name} 是所配置的接口上唯一的模型。",
    },
    Why.CHATTY: {
        "en": "{name} is a small model: it can chat in English, but often errs.",
        "zh": "{name} 是一个小模型：能用英语闲聊，但常常出错。",
    },
    Why.QUOTING: {
        "en": "No capable language model is there, so the best sentences of the documents "
        "are quoted.",
        "zh": "目前没有足够强的语言模型，因此直接引用文档中最相关的句子。",
    },
}


def sentence(why: Why, language: Language, name: str) -> str:
    return _SENTENCES[why][language].format(name=name)
