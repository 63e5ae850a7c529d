"""The over-eager text check: which matters a text may tell of.

Its time is linear in the text, whatever is in it: every step is a lookup per word or a search for a fixed phrase.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from feedback.decisions.folding import fold
from feedback.decisions.vocabulary import harm, languages, questions, situations

Matter = Literal["adverse_event", "special_situation", "product_complaint", "medical_inquiry"]

# A finding this many words from what ties it to a person or a product still belongs to it: a long sentence.
_LINK_REACH_WORDS = 14
# Shorter words turn into other words too easily to be forgiven a slip.
_FORGIVEN_LETTERS_MIN = 6
# Nothing looked for is longer, and of a word of a megabyte no more is read.
_WORD_LETTERS_MAX = 32


def suspected_matters(text: str) -> dict[Matter, str]:
    """The matters the text may tell of, each with the rule that says so. Never raises, whatever the text."""
    note = _Note(fold(text))
    rules: dict[Matter, str | None] = {
        "adverse_event": _harm(note),
        "special_situation": _special_situation(note),
        "product_complaint": _product_complaint(note),
        "medical_inquiry": _medical_question(note),
    }
    return {matter: rule for matter, rule in rules.items() if rule is not None}


@dataclass(frozen=True)
class _Note:
    """A folded text and its different words."""

    text: str

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(self.words)

    def mentions(self, *phrase_lists: tuple[str, ...]) -> bool:
        return any(phrase in self.text for phrases in phrase_lists for phrase in phrases)

    def near(self, some: frozenset[str], others: frozenset[str]) -> bool:
        """Whether a word of one set stands within a sentence's reach of a word of the other, in either order."""
        last_some = last_other = -_LINK_REACH_WORDS - 1
        for position, word in enumerate(self.words):
            if word in some:
                last_some = position
            if word in others:
                last_other = position
            if last_some >= 0 and last_other >= 0 and abs(last_some - last_other) <= _LINK_REACH_WORDS:
                return True
        return False


def _harm(note: _Note) -> str | None:
    if _begin_with(note.vocabulary, harm.HARM_STEMS) or note.vocabulary & harm.HARM_WORDS:
        return "a word that tells of harm"
    if note.mentions(harm.HARM_PHRASES):
        return "a phrase that tells of harm"
    if _misspelt(note.vocabulary):
        return "a misspelt word that tells of harm"
    if _begin_with(note.vocabulary, languages.HARM_STEMS) or note.mentions(languages.HARM_PHRASES, languages.HARM_UNSPACED):
        return "a foreign word that tells of harm"
    if note.near(_findings(note.vocabulary), _links(note.vocabulary)):
        return "a finding tied to a person or a product"
    if note.near(_causes(note.vocabulary), note.vocabulary & harm.EXPOSURE_WORDS):
        return "cause spoken of beside treatment"
    return None


def _special_situation(note: _Note) -> str | None:
    off_label = note.mentions(questions.OFF_LABEL_PHRASES)
    if off_label and (not _asks(note) or note.mentions(questions.OFF_LABEL_USE_PHRASES)):
        return "off-label use"
    if _begin_with(note.vocabulary, situations.SITUATION_STEMS) or note.mentions(situations.SITUATION_PHRASES):
        return "a special situation"
    if _begin_with(note.vocabulary, languages.SITUATION_STEMS) or note.mentions(languages.SITUATION_PHRASES, languages.SITUATION_UNSPACED):
        return "a foreign word for a special situation"
    return None


def _product_complaint(note: _Note) -> str | None:
    if _begin_with(note.vocabulary, situations.COMPLAINT_STEMS) or note.mentions(situations.COMPLAINT_PHRASES):
        return "a complaint about the product as a thing"
    if note.mentions(languages.COMPLAINT_PHRASES, languages.COMPLAINT_UNSPACED):
        return "a foreign word for a complaint about the product"
    return None


def _medical_question(note: _Note) -> str | None:
    if note.vocabulary & questions.MEDICAL_WORDS or note.mentions(questions.MEDICAL_PHRASES):
        return "a question for medical people"
    if note.mentions(languages.MEDICAL_PHRASES, languages.MEDICAL_UNSPACED):
        return "a foreign phrase for a medical question"
    if _asks(note) and _is_clinical(note):
        return "somebody asks something clinical"
    return None


def _asks(note: _Note) -> bool:
    return bool(note.vocabulary & questions.ASKING_WORDS) or note.mentions(questions.ASKING_PHRASES)


def _is_clinical(note: _Note) -> bool:
    return (
        bool(note.vocabulary & questions.CLINICAL_WORDS)
        or bool(_begin_with(note.vocabulary, questions.CLINICAL_STEMS))
        or note.mentions(questions.CLINICAL_PHRASES, questions.OFF_LABEL_PHRASES)
    )


def _findings(vocabulary: frozenset[str]) -> frozenset[str]:
    """The words that name a disease or a finding."""
    named = _begin_with(vocabulary, harm.FINDING_STEMS) | _end_with(vocabulary, harm.FINDING_ENDINGS)
    return frozenset(word for word in named - harm.NOT_FINDINGS if not word.endswith(harm.SPECIALTY_ENDINGS))


def _links(vocabulary: frozenset[str]) -> frozenset[str]:
    return (vocabulary & harm.LINKS) | _begin_with(vocabulary, harm.LINK_STEMS)


def _causes(vocabulary: frozenset[str]) -> frozenset[str]:
    return (vocabulary & harm.CAUSE_WORDS) | _begin_with(vocabulary, harm.CAUSE_STEMS)


def _begin_with(vocabulary: frozenset[str], stems: frozenset[str]) -> frozenset[str]:
    lengths = sorted({len(stem) for stem in stems})
    return frozenset(word for word in vocabulary if any(word[:length] in stems for length in lengths))


def _end_with(vocabulary: frozenset[str], endings: frozenset[str]) -> frozenset[str]:
    lengths = sorted({len(ending) for ending in endings})
    return frozenset(word for word in vocabulary if any(word[-length:] in endings for length in lengths))


def _misspelt(vocabulary: frozenset[str]) -> bool:
    """Whether a word is one slip (a letter wrong, missing, too many, or two swapped) from a word of harm."""
    return any(
        not _SLIPS.isdisjoint(_slips(word))
        for word in vocabulary - harm.NEVER_MISSPELT
        if _FORGIVEN_LETTERS_MIN <= len(word) <= _WORD_LETTERS_MAX
    )


def _slips(word: str) -> frozenset[str]:
    """The word, and the word without each one of its letters: two words one slip apart share one of these."""
    return frozenset({word, *(word[:gap] + word[gap + 1 :] for gap in range(len(word)))})


_SLIPS = frozenset(slip for word in harm.OFTEN_MISSPELT for slip in _slips(word))
