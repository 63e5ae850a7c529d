"""States and provinces that keep public holidays of their own."""

from functools import cache

from holidays import list_supported_countries


@cache
def _subdivisions() -> dict[str, list[str]]:
    return list_supported_countries(include_aliases=False)


def subdivision_problem(subdivision: str, *, country: str) -> str | None:
    """Say in words what is wrong with a subdivision, or None if nothing is."""
    known = _subdivisions().get(country, [])
    if not known:
        return f"no part of {country} keeps holidays of its own as far as is known; leave it out"
    if subdivision not in known:
        return f"is no part of {country} with holidays of its own; those are {', '.join(known)}"
    return None
