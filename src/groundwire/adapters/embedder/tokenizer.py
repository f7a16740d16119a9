"""Cuts a text into the pieces of a unigram vocabulary: the best path by log-probability."""

from groundwire.adapters.embedder.weights import Vocabulary

SPACE = "▁"
# A piece that is not in the vocabulary costs this much more than the rarest that is.
UNKNOWN_PENALTY = 10.0
# More than any window holds; keeps the time bounded for a text of any length.
MOST_CHARACTERS = 6_000


class Tokenizer:
    """Source: Kudo, ACL 2018 (unigram language model), decoded with Viterbi's algorithm."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        specials = {vocabulary.first, vocabulary.last, vocabulary.unknown}
        self._scores = {
            piece: vocabulary.scores[number]
            for piece, number in vocabulary.pieces.items()
            if number not in specials
        }
        self._longest = max(map(len, self._scores))
        self._unknown_score = min(vocabulary.scores) - UNKNOWN_PENALTY

    def encode(self, text: str, *, window_tokens: int) -> list[int]:
        """Return the numbers of the pieces between the first and the last special piece.

        At most ``window_tokens`` in all; what is past them is cut off.
        """
        vocabulary = self._vocabulary
        numbers = [
            vocabulary.pieces.get(piece, vocabulary.unknown)
            for piece in self._pieces(self._normalise(text[:MOST_CHARACTERS]))
        ]
        return [vocabulary.first, *numbers[: window_tokens - 2], vocabulary.last]

    def _normalise(self, text: str) -> str:
        plain = text.translate(self._vocabulary.replacements)
        words = " ".join(word for word in plain.split(" ") if word)
        return SPACE + words.replace(" ", SPACE)

    def _pieces(self, text: str) -> list[str]:
        best = [0.0] + [float("-inf")] * len(text)
        begins = [0] * (len(text) + 1)
        scores = self._scores
        for begin in range(len(text)):
            so_far = best[begin]
            if so_far + self._unknown_score > best[begin + 1]:
                best[begin + 1] = so_far + self._unknown_score
                begins[begin + 1] = begin
            for end in range(begin + 1, min(begin + self._longest, len(text)) + 1):
                score = scores.get(text[begin:end])
                if score is not None and so_far + score > best[end]:
                    best[end] = so_far + score
                    begins[end] = begin
        return _backwards(text, begins)


def _backwards(text: str, begins: list[int]) -> list[str]:
    pieces: list[str] = []
    end = len(text)
    while end:
        pieces.append(text[begins[end] : end])
        end = begins[end]
    return pieces[::-1]
