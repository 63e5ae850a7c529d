"""Where webhooks may go: the zoo of addresses that look harmless, and the two that are."""

from ipaddress import ip_address

import pytest

from reporting.decisions.addresses import Endpoint, RefusedAddress, decide_endpoint, refused_ip

LISTED = frozenset({"127.0.0.1", "hooks.internal"})


@pytest.mark.parametrize(
    "url",
    [
        "https://127.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127%2e0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:7f00:1::]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00::1]/",
        "https://[ff02::1]/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://172.31.255.255/",
        "https://192.168.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://localhost/",
        "https://anything.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com:22/",
        "https://example.com:8443/",
        "https://example.com./",
        "https://example..com/",
        "https://xn--bcher-kva.example/",
        "https://bücher.example/",
        "https://example.com/ü",
        "https://example.com/a b",
        "https://example.com:443:22/",
        "https://example.com:99999999/",
        "https://[::1/",
        "https://@example.com/",
        "https://１２７.０.０.１/",
        "https://ⓛocalhost/",
        "https://exa\u200bmple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com#fragment",
        "https:///hook",
        "https://",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "example.com",
        "https://example.com\r\nhost: other/",
        "https://" + "a" * 64 + ".com/",
        "",
    ],
)
def test_what_is_not_plainly_public_is_refused(url: str) -> None:
    assert isinstance(decide_endpoint(url, frozenset()), RefusedAddress)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://hooks.example.com/a?b=c", Endpoint("hooks.example.com", 443, is_listed=False)),
        ("https://HOOKS.example.com:80/", Endpoint("hooks.example.com", 80, is_listed=False)),
        ("https://8.8.8.8/", Endpoint("8.8.8.8", 443, is_listed=False)),
        ("https://[2606:4700::1111]/", Endpoint("2606:4700::1111", 443, is_listed=False)),
    ],
)
def test_public_https_is_accepted(url: str, endpoint: Endpoint) -> None:
    assert decide_endpoint(url, frozenset()) == endpoint


def test_a_listed_host_may_be_private_on_any_port_and_without_tls() -> None:
    assert decide_endpoint("http://127.0.0.1:9000/hook", LISTED) == Endpoint("127.0.0.1", 9000, is_listed=True)
    assert decide_endpoint("http://hooks.internal/hook", LISTED) == Endpoint("hooks.internal", 80, is_listed=True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.2/", "http://127.1/", "http://user@127.0.0.1/", "ftp://127.0.0.1/", "http://a.hooks.internal/"]
)
def test_listing_one_host_lists_no_other_and_no_credentials(url: str) -> None:
    assert isinstance(decide_endpoint(url, LISTED), RefusedAddress)


@pytest.mark.parametrize("address", ["9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.32.0.0", "2001:200::1", "2003::1"])
def test_neighbours_of_refused_blocks_are_public(address: str) -> None:
    assert refused_ip(ip_address(address)) is None
