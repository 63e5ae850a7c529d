"""Whether a browser begins or ends a session for this site's own page, or because another site told it to."""

from urllib.parse import urlsplit


def comes_from_elsewhere(*, fetch_site: str | None, origin: str | None, host: str | None, public_url: str) -> bool:
    """Whether another site is behind the request, by what the browser says of it: `Sec-Fetch-Site`, or else `Origin`.

    A request with neither is no browser's, so no other site can be behind it. `host` is the request's own: the browser wrote
    it, as it did `origin`.
    """
    if fetch_site is not None:
        return fetch_site not in ("same-origin", "none")
    if origin is None:
        return False
    ours = urlsplit(public_url)
    return origin != f"{ours.scheme}://{ours.netloc}" and urlsplit(origin).netloc != host
