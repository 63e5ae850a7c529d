"""Reads text the way a hurried person meant it: case, accents, invisible characters and doubled letters make no difference.

Linear in the length of the text, whatever is in it: each character is folded by itself, because sorting a long run of combining marks
is not.
"""

import re
from functools import lru_cache
from unicodedata import category, normalize

# Letters that no Unicode decomposition brings back to the letter a keyboard without them would type.
_PLAIN_LETTERS = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"}

_DOUBLED_LETTER = re.compile(r"(.)\1+")
# Inside longer words only: the abbreviations AE and SAE must stay what they are.
_AE_OR_OE = re.compile(r"(?<=[^ ]{2})[ao]e|[ao]e(?=[^ ]{2})")
_NOT_A_LETTER = " "


@lru_cache(maxsize=8192)
def _folded_character(character: str) -> str:
    folded = []
    for part in normalize("NFKD", character).casefold():
        kind = category(part)
        if kind in ("Mn", "Cf"):
            continue
        folded.append(_PLAIN_LETTERS.get(part, part) if kind[0] in "LNM" else _NOT_A_LETTER)
    return "".join(folded)


class _CharacterFolds(dict[int, str]):
    def __missing__(self, code_point: int) -> str:
        return _folded_character(chr(code_point))


_FOLDS = _CharacterFolds()
_FOLDS.update({code_point: _folded_character(chr(code_point)) for code_point in range(0x250)})


def fold(text: str) -> str:
    """The text's words in one spelling, separated by single spaces, with one space before the first and after the last.

    British and American spellings fall together (haemorrhage, hemorrhage), as do doubled letters and `ph` with `f`.
    """
    words = f" {' '.join(text.translate(_FOLDS).split())} "
    return _AE_OR_OE.sub("e", _DOUBLED_LETTER.sub(r"\1", words)).replace("ph", "f")
