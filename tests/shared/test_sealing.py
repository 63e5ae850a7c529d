"""Sealed for one: what another key opens, a stranger's offer, and what is left when a key is gone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OKPKey

from shared.sealing import KeyGone, OpeningKey, SealingKey, Unopenable, new_opening_key, offer_of, offered_in, opened, seal

AT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
SECRET = "a secret of more than thirty-two characters"
KEY = new_opening_key()


def offered(key: OpeningKey = KEY, secret: str = SECRET) -> SealingKey:
    found = offered_in(offer_of(key, offered_at=AT, secret=secret), secret=SECRET)
    assert found is not None
    return found


@given(st.binary(min_size=1, max_size=2_000))
def test_what_is_sealed_under_an_offered_key_is_opened_by_its_owner(plain: bytes) -> None:
    sealed = seal(plain, offered())
    assert opened(sealed, key_id=KEY.key_id, keys={KEY.key_id: KEY}) == plain


def test_a_text_may_be_as_large_as_a_record() -> None:
    plain = b"rash " * 130_000
    sealed = seal(plain, offered())
    assert len(sealed) > 800_000
    assert opened(sealed, key_id=KEY.key_id, keys={KEY.key_id: KEY}) == plain


def test_no_weaker_way_of_sealing_is_taken() -> None:
    for header in ({"alg": "ECDH-ES", "enc": "A128GCM"}, {"alg": "ECDH-ES+A128KW", "enc": "A256GCM"}):
        sealed = jwe.encrypt_compact(header, b"rash", OKPKey.import_key(dict(offered().public)), algorithms=list(header.values()))
        with pytest.raises(Unopenable):
            opened(sealed, key_id=KEY.key_id, keys={KEY.key_id: KEY})


def test_the_same_text_is_never_sealed_alike_and_shows_nothing() -> None:
    first, second = seal(b"rash", offered()), seal(b"rash", offered())
    assert first != second
    assert first.split(".")[0] != second.split(".")[0], "each has a key of its own"


def test_an_offer_tells_the_public_half_and_its_moment() -> None:
    assert offered().offered_at == AT
    assert offered().key_id == KEY.key_id
    assert "d" not in offered().public
    assert KEY.private["d"] not in repr(KEY)


def test_an_offer_by_a_stranger_is_not_believed() -> None:
    assert offered_in(offer_of(KEY, offered_at=AT, secret="another secret of thirty-two characters"), secret=SECRET) is None
    unsigned = "eyJhbGciOiJub25lIn0." + offer_of(KEY, offered_at=AT, secret=SECRET).split(".")[1] + "."
    assert offered_in(unsigned, secret=SECRET) is None


@given(st.text(max_size=200))
def test_no_offer_whatever_it_is_raises(offer: str) -> None:
    assert offered_in(offer, secret=SECRET) is None


def test_without_its_key_nothing_is_opened() -> None:
    sealed, other = seal(b"rash", offered()), new_opening_key()
    with pytest.raises(KeyGone):
        opened(sealed, key_id=KEY.key_id, keys={other.key_id: other})
    with pytest.raises(Unopenable):
        opened(sealed, key_id=KEY.key_id, keys={KEY.key_id: other})


@pytest.mark.parametrize("sealed", ["", "a.b.c.d.e", "....", "x" * 1_000, "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA"])
def test_what_nobody_sealed_for_us_is_unopenable(sealed: str) -> None:
    with pytest.raises(Unopenable):
        opened(sealed, key_id=KEY.key_id, keys={KEY.key_id: KEY})


@given(st.data())
def test_a_changed_letter_is_noticed(data: st.DataObject) -> None:
    sealed = seal(b"the patient fainted", offered())
    header, _, *rest = sealed.split(".")
    place = data.draw(st.integers(0, len(rest[1]) - 2))  # the last letter of a part may carry bits nobody reads
    letter = "A" if rest[1][place] != "A" else "B"
    spoilt = ".".join([header, "", rest[0], rest[1][:place] + letter + rest[1][place + 1 :], rest[2]])
    with pytest.raises(Unopenable):
        opened(spoilt, key_id=KEY.key_id, keys={KEY.key_id: KEY})
