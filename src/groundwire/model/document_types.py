"""What kind of file a document is: a word for people and filters, told by its name."""

from typing import Literal, get_args

DocumentType = Literal[
    "pdf", "docx", "pptx", "xlsx", "odt", "odp", "ods", "epub", "rtf", "html", "markdown",
    "csv", "subtitles", "code", "mail", "image", "zip", "text",
]  # fmt: skip
"""``text`` is whatever has no other type."""

CODE = (
    "py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "tsx", "svelte", "vue", "java",
    "kt", "kts", "scala", "groovy", "gradle", "c", "h", "cc", "cpp", "cxx", "hh",
    "hpp", "hxx", "m", "mm", "cs", "fs", "vb", "go", "rs", "swift", "dart", "rb",
    "php", "pl", "pm", "lua", "r", "jl", "hs", "ml", "mli", "ex", "exs", "erl",
    "clj", "cljs", "lisp", "el", "scm", "sh", "bash", "zsh", "fish", "ps1", "bat",
    "cmd", "sql", "graphql", "proto", "tf", "hcl", "nix", "cmake", "mk", "css",
    "scss", "sass", "less", "json", "jsonl", "json5", "yaml", "yml", "toml", "ini",
    "cfg", "conf", "properties", "xml", "xsd", "xsl", "asm", "s", "v", "vhd",
    "sol", "zig", "nim", "d", "pas", "f", "f90", "tcl", "awk", "diff", "patch",
    "tex", "bib",
)  # fmt: skip
CODE_NAMES = ("makefile", "dockerfile", "containerfile", "jenkinsfile")
_ENDS: dict[DocumentType, tuple[str, ...]] = {
    "html": ("html", "htm", "xhtml"),
    "markdown": ("md", "markdown", "mdx"),
    "csv": ("csv", "tsv"),
    "subtitles": ("srt", "vtt"),
    "code": CODE + CODE_NAMES,
    "mail": ("eml", "msg", "mbox"),
    "image": ("png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp"),
    "text": (),
}
TYPES: tuple[DocumentType, ...] = get_args(DocumentType)
_TYPE_OF: dict[str, DocumentType] = {
    end: type for type in TYPES for end in _ENDS.get(type, (type,))
}
NAMED = tuple(_TYPE_OF)
"""Every end of a name that tells a type other than ``text``."""


def type_of(title: str) -> DocumentType:
    """Return the type of a document with this title, which is the name of its file."""
    return _TYPE_OF.get(title.rpartition(".")[2].lower(), "text")


def ends_of(type: DocumentType) -> tuple[str, ...]:
    """Return what follows the last dot of such names, or such a name without one.

    In lower case; nothing for ``text``, which is known by having none of `NAMED`.
    """
    return _ENDS.get(type, (type,))
