"""The files of each format, and what of them is embedded."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.folder.material import FOUND, File, digest, name_of, read

# A comment at the end, where a format has one: so the same file is another document.
_ENDS = {".html": "<!-- {} -->", ".htm": "<!-- {} -->", ".pdf": "\n%{}\n", ".txt": "\n\n{}\n"}


def by_format(folders: Sequence[Path], *, most_bytes: int) -> Mapping[str, list[File]]:
    """Return files of each format, the first by their names, of ``most_bytes`` together."""
    found = defaultdict[str, list[File]](list)
    sizes, seen = defaultdict[str, int](int), set[str]()
    paths = (path for folder in folders for path in _paths(folder))
    for path in sorted(paths, key=lambda path: (path.name, path.as_posix())):
        suffix = name_of(path).suffix
        if suffix not in FOUND or sizes[suffix] >= most_bytes:
            continue
        content = read(path)
        if digest(content) not in seen:
            seen.add(digest(content))
            sizes[suffix] += len(content)
            name = f"{len(found[suffix]):04}-{name_of(path).name}"
            found[suffix].append(File(name, content))
    return found


def volume(files: Sequence[File], *, size_bytes: int) -> Iterator[File]:
    """Yield ``files`` again and again, each time as other documents, of so many bytes in all."""
    again = [file for file in files if Path(file.name).suffix in _ENDS]
    size, number = 0, 0
    while size < size_bytes:
        for file in again:
            number += 1
            end = _ENDS[Path(file.name).suffix].format(number).encode()
            yield File(f"{number}-{file.name}", file.content + end)
            size += len(file.content) + len(end)
            if size >= size_bytes:
                return


def _paths(folder: Path) -> Iterator[Path]:
    return (path for path in (folder.rglob("*") if folder.is_dir() else [folder]) if path.is_file())
