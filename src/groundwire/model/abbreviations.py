"""Which full stops end a word and no sentence: for all who cut text."""

_ABBREVIATIONS = frozenset([
    "e.g", "i.e", "etc", "vs", "cf", "al", "approx", "dept", "est", "fig", "figs", "eq", "eqs",
    "sec", "secs", "ch", "chap", "vol", "vols", "no", "nos", "nr", "pp", "p", "ed", "eds", "mr",
    "mrs", "ms", "dr", "prof", "st", "jr", "sr", "inc", "ltd", "co", "corp", "gen", "col", "rev",
    "hon", "u.s", "u.k", "u.n", "a.m", "p.m", "ph.d", "jan", "feb", "mar", "apr", "jun", "jul",
    "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    "resp", "incl",
])  # fmt: skip
# These end a sentence as often as not; what follows decides.
_OFTEN_FINAL = frozenset(
    {"etc", "inc", "ltd", "co", "corp", "jr", "sr", "a.m", "p.m", "u.s", "u.k"}
)


def is_abbreviation(word: str, follower: str) -> bool:
    """Say whether the full stop after ``word`` ends no sentence.

    ``word`` is without that stop, ``follower`` the next character that is no space.
    """
    lowered = word.lower()
    if lowered in _OFTEN_FINAL:
        return follower.islower()
    if len(word) == 1 and word.isupper() and word != "I":
        return True  # an initial, as in J. Smith
    return lowered in _ABBREVIATIONS or follower.islower()
