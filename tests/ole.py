"""Files in the compound format of older Office programs, and mail in it, made for tests."""

from collections.abc import Mapping

SECTOR, LONG = 512, 4096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Tree = Mapping[str, "bytes | Tree"]


def number(value: int, size: int = 4) -> bytes:
    return value.to_bytes(size, "little")


class Compound:
    """A compound file as it grows: its entries, the sectors of its streams and their chains.

    Short streams are kept elsewhere in such files: here each is filled up with zeros to be long.
    """

    def __init__(self) -> None:
        self.entries: list[bytearray] = []
        self.data = b""
        self.chains: list[int] = []

    def add(self, name: str, kind: int, content: bytes = b"") -> int:
        content = content and content.ljust(LONG, b"\0")
        count = -(-len(content) // SECTOR)
        first = len(self.chains)
        self.chains += [*range(first + 1, first + count), END] if count else []
        self.data += content.ljust(count * SECTOR, b"\0")
        text = (name + "\0").encode("utf-16-le")
        self.entries.append(
            bytearray(
                text.ljust(64, b"\0") + number(len(text), 2) + bytes([kind, 1])
                + number(FREE) * 3 + bytes(36) + number(first if count else END)
                + number(len(content), 8)
            )
        )  # fmt: skip
        return len(self.entries) - 1

    def fill(self, parent: int, children: Tree) -> None:
        """Add ``children``: the first is linked from ``parent``, each other from the one before."""
        at = slice(76, 80)
        for name, content in children.items():
            if isinstance(content, bytes):
                index = self.add(name, 2, content)
            else:
                index = self.add(name, 1)
                self.fill(index, content)
            self.entries[parent][at] = number(index)
            parent, at = index, slice(72, 76)


def compound(tree: Tree) -> bytes:
    """A compound file with the streams and storages of ``tree``."""
    file = Compound()
    file.fill(file.add("Root Entry", 5), tree)
    while len(file.entries) % 4:
        file.entries.append(bytearray(bytes(68) + number(FREE) * 3 + bytes(48)))
    directory = len(file.chains)
    chains = [*file.chains, *range(directory + 1, directory + len(file.entries) // 4), END, FAT]
    assert len(chains) <= SECTOR // 4
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + number(0x3E, 2) + number(3, 2)
        + number(0xFFFE, 2) + number(9, 2) + number(6, 2) + bytes(6) + number(0) + number(1)
        + number(directory) + number(0) + number(LONG) + number(END) + number(0) + number(END)
        + number(0) + number(len(chains) - 1) + number(FREE) * 108
    )  # fmt: skip
    fat = b"".join(map(number, chains)).ljust(SECTOR, b"\xff")
    return header + file.data + b"".join(file.entries) + fat


def outlook(
    properties: Mapping[int, str | bytes], *attachments: "Tree", top: bool = True
) -> dict[str, "bytes | Tree"]:
    """The tree of a mail with text or binary ``properties`` by number."""
    sent = number(0x00390040) + number(6) + number(134_000_000_000_000_000, 8)
    tree: dict[str, bytes | Tree] = {
        "__properties_version1.0": bytes(32 if top else 24) + sent,
        **streams(properties),
    }
    for index, attachment in enumerate(attachments):
        tree[f"__attach_version1.0_#{index:08X}"] = attachment
    return tree


def streams(properties: Mapping[int, str | bytes]) -> dict[str, "bytes | Tree"]:
    return {
        f"__substg1.0_{key:04X}{'001F' if isinstance(value, str) else '0102'}": (
            value.encode("utf-16-le") if isinstance(value, str) else value
        )
        for key, value in properties.items()
    }
