"""How postal codes are written down: whole codes ("60614"), or beginnings ("606*"; "*" is a whole country)."""

PATTERN_LENGTH_MAX = 16
ZIP_DIGITS = 5


def normalized_code(postal_code: str, *, country: str) -> str:
    """Return a postal code as codes are compared: no spaces, no hyphens, upper case; `country` is an ISO code in upper case."""
    code = _compact(postal_code)
    # "60614-1234" names a few doors within the ZIP code 60614, which is what territories are made of.
    return code[:ZIP_DIGITS] if country == "US" else code


def beginning_of(pattern: str) -> str | None:
    """Return what a code must begin with to match; None if the pattern is a whole code."""
    return _compact(pattern[:-1]) if pattern.endswith("*") else None


def postal_pattern_problem(pattern: str) -> str | None:
    """Say in words what is wrong with a pattern, or None if nothing is."""
    beginning = pattern.removesuffix("*")
    if len(pattern) > PATTERN_LENGTH_MAX:
        return f"a postal code or pattern has at most {PATTERN_LENGTH_MAX} characters"
    if "*" in beginning:
        return "the star may stand only at the end, once"
    if not _compact(beginning) and pattern != "*":
        return "a postal code can't be empty"
    if not (beginning.isascii() and _compact(beginning).isalnum()) and pattern != "*":
        return "a postal code is made of letters, digits, spaces and hyphens"
    return None


def _compact(postal_code: str) -> str:
    return "".join(postal_code.split()).replace("-", "").upper()
