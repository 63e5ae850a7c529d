"""Intake's settings: those of who hands typed texts over, and the key that the erased are recognised by."""

from typing import Self

from pydantic import FilePath, model_validator

from shared.settings import TextSettings

_KEY_CHARS_MIN = 32


class Settings(TextSettings):
    """`erasure_key_file` holds the system's one erasure key. It never changes, and lies apart from the data and its backups: with both,
    hashes of e-mail addresses can be tried out; without it nobody who was erased is recognised any more."""

    erasure_key_file: FilePath

    @property
    def erasure_key(self) -> bytes:
        """The key. Reads the file."""
        return self.erasure_key_file.read_text().strip().encode()

    @model_validator(mode="after")
    def _is_a_key(self) -> Self:
        if len(self.erasure_key) < _KEY_CHARS_MIN:
            raise ValueError(f"FULLCIRCLE_ERASURE_KEY_FILE must hold at least {_KEY_CHARS_MIN} characters")
        return self
