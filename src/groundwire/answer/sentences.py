"""What the server says of itself, in the asker's language."""

from typing import Literal

from groundwire.ports.chat_model import Language

Said = Literal[
    "queued", "retrieving", "reranking", "thinking", "generating", "found", "found_words",
    "found_unranked",
    "found_nothing",
    "no_documents", "not_yet", "nothing_relevant", "using", "not_approved", "steered",
    "attachments_gone", "searching_attachments", "filter_empty", "retrieving_some",
    "not_yet_some", "found_nothing_some", "nothing_relevant_some",
]  # fmt: skip

_SENTENCES: dict[Said, dict[Language, str]] = {
    "queued": {"en": "Waiting for the answer before this one…", "zh": "正在等待上一个回答完成…"},
    "retrieving": {"en": "Searching the knowledge base…", "zh": "正在检索知识库…"},
    "reranking": {"en": "Choosing the best passages…", "zh": "正在挑选最相关的段落…"},
    "thinking": {"en": "Waiting for the model…", "zh": "正在等待模型…"},
    "generating": {"en": "Writing the answer…", "zh": "正在生成回答…"},
    "found": {
        "en": "{count} found in {documents}.",
        "zh": "在 {documents} 个文档中找到 {count} 段相关内容。",
    },
    "found_words": {
        "en": "{count} found by words in {documents}; the search by meaning is not ready yet.",
        "zh": "按字词在 {documents} 个文档中找到 {count} 段内容；语义检索尚未就绪。",
    },
    "found_unranked": {
        "en": "{count} found in {documents}; the reranker could not put them in order.",
        "zh": "在 {documents} 个文档中找到 {count} 段相关内容；重排模型未能给出排序。",
    },
    "found_nothing": {
        "en": "Nothing in the knowledge base has to do with this question.",
        "zh": "知识库中没有与此问题相关的内容。",
    },
    "no_documents": {
        "en": "There are no documents in this workspace: a plain chat, without sources.",
        "zh": "此工作区没有文档：普通对话，不引用来源。",
    },
    "not_yet": {
        "en": "The documents of this workspace are still being read. Ask again in a moment.",
        "zh": "此工作区的文档仍在读取中，请稍后再问。",
    },
    "nothing_relevant": {
        "en": "I found nothing about this in the documents of this workspace, so I will not "
        "guess. Try other words, or add a document that covers it.",
        "zh": "在此工作区的文档中没有找到与此相关的内容，因此我不作猜测。"
        "请换一种问法，或添加包含相关内容的文档。",
    },
    "using": {"en": "Using {name}…", "zh": "正在使用 {name}…"},
    "not_approved": {"en": "Nobody allowed it in time.", "zh": "未在限定时间内获得许可。"},
    "attachments_gone": {
        "en": "The documents that this question is about have been removed.",
        "zh": "此问题所附的文档已被删除。",
    },
    "searching_attachments": {
        "en": "Reading what is attached…",
        "zh": "正在检索所附文档…",
    },
    "filter_empty": {
        "en": "No document of this workspace meets what this question is limited to, so there is "
        "nothing to answer from. Ask with another filter, or without one.",
        "zh": "此工作区中没有文档符合此问题的筛选条件，因此没有可供回答的依据。"
        "请更改或移除筛选条件后再提问。",
    },
    "retrieving_some": {
        "en": "Searching {documents} that this question is limited to…",
        "zh": "正在检索筛选出的 {documents} 个文档…",
    },
    "not_yet_some": {
        "en": "The documents that this question is limited to are still being read. Ask again in "
        "a moment.",
        "zh": "筛选出的文档仍在读取中，请稍后再问。",
    },
    "found_nothing_some": {
        "en": "Nothing in the documents that this question is limited to has to do with it.",
        "zh": "筛选出的文档中没有与此问题相关的内容。",
    },
    "nothing_relevant_some": {
        "en": "I found nothing about this in the documents that this question is limited to, so I "
        "will not guess. Try other words, or another filter.",
        "zh": "在筛选出的文档中没有找到与此相关的内容，因此我不作猜测。"
        "请换一种问法，或更改筛选条件。",
    },
    "steered": {"en": "The question was corrected first.", "zh": "问题已先被更正。"},
}


_COUNTED = {"count": "passage", "documents": "document"}


def say(said: Said, language: Language, **values: int | str) -> str:
    """Return the sentence; in English a number comes with what it counts."""
    shown = {name: _shown(name, value, language) for name, value in values.items()}
    return _SENTENCES[said][language].format(**shown)


def _shown(name: str, value: int | str, language: Language) -> int | str:
    if isinstance(value, str) or language == "zh":
        return value
    return f"{value} {_COUNTED[name]}{'' if value == 1 else 's'}"


def language_of(text: str, *, default: Language = "en") -> Language:
    """Tell the asker's language from what was asked.

    Chinese as soon as a tenth of the letters are Han characters: a Chinese question may be
    full of English terms, an English one holds hardly any Chinese.
    """
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return default
    han = sum("\u3400" <= character <= "\u9fff" for character in letters)
    return "zh" if han * 10 >= len(letters) else "en"
