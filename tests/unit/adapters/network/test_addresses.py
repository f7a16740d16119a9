"""Which addresses may be fetched from, and which addresses there are."""

from ipaddress import IPv4Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire.adapters.network.addresses import Address, is_public, read_literal
from groundwire.adapters.network.web import read_url
from groundwire.model.errors import ToolUnusable

PRIVATE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8",
    "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:db8::1", "2002:7f00:1::",
    "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
    "192.167.255.255", "223.255.255.255", "2001:4860:4860::8888", "2606:4700::1111",
    "2a00:1450::1", "64:ff9b::8.8.8.8",
]  # fmt: skip
# Python calls it global or not, by its patch; we look at the address inside.
TRANSLATED = IPv6Network("64:ff9b::/96")


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_somebodys_own_network_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address: Address) -> None:
    is_translated = address in TRANSLATED

    assert is_translated or not is_public(address) or address.is_global


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0x7F000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "::ffff:7f00:1"),
        ("fe80::1%eth0", None),
        ("example.org", None),
        ("127.0.0.1.example.org", None),
        ("0x", None),
        ("256.1.1.1", None),
    ],
)
def test_an_address_is_read_in_every_notation(host: str, address: str | None) -> None:
    assert read_literal(host) == (ip_address(address) if address else None)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "0x{:x}", "0{:o}"]))
def test_a_number_is_the_address_that_it_counts(number: int, notation: str) -> None:
    assert read_literal(notation.format(number)) == IPv4Address(number)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://example.org", "https://example.org"),
        (" HTTPS://Example.ORG:443/a b?q=ü#part\n", "https://example.org/a%20b?q=%C3%BC"),
        ("http://münchen.example/", "http://xn--mnchen-3ya.example/"),
        ("http://2130706433:8080/x", "http://127.0.0.1:8080/x"),
        ("http://[0:0:0:0:0:0:0:1]:8080/x", "http://[::1]:8080/x"),
        ("http://１２７。０.０.１/", "http://127.0.0.1/"),
    ],
)
def test_an_address_is_read_as_it_will_be_asked_for(given: str, read: str) -> None:
    assert str(read_url(given)) == read


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "begin with"),
        ("example.org/page", "begin with"),
        ("//example.org/", "begin with"),
        ("http:///page", "begin with"),
        ("https:example.org", "begin with"),
        ("file:///etc/passwd", "begin with"),
        ("ftp://example.org/", "begin with"),
        ("gopher://example.org/", "begin with"),
        ("data:text/plain,x", "begin with"),
        ("javascript:alert(1)", "begin with"),
        ("https://user:word@example.org/", "password"),
        ("https://user@example.org/", "password"),
        ("https://example.com@127.0.0.1/", "password"),
        ("http://127%2e0.0.1/", "none that there can be"),
        ("http://exa mple.org/", "none that there can be"),
        ("http://[fe80::1%25eth0]/", "none that there can be"),
        ("http://example..org/", "none that there can be"),
        ("http://example.org\\@evil.example/", "like https"),
        ("http://[::1", "like https"),
        ("http://[]@", "like https"),
        ("http://example.org:99999/", "like https"),
        ("http://exa\tmple.org/", "control characters"),
        ("http://example.org/\r\nHost: evil.example", "control characters"),
        ("http://example.org/\0", "control characters"),
        ("https://example.org/" + "a" * 2048, "too long"),
    ],
)
def test_what_is_no_address_of_a_page_is_refused(url: str, why: str) -> None:
    with pytest.raises(ToolUnusable, match=why):
        read_url(url)


@given(st.text() | st.text().map("http://{}".format) | st.text().map("https://a.b/{}".format))
def test_whatever_a_model_makes_up_is_read_or_refused(text: str) -> None:
    try:
        url = read_url(text)
    except ToolUnusable:
        return
    assert url.scheme in ("http", "https")
    assert url.raw_host
    assert url.raw_host.isascii()
    assert str(read_url(str(url))).lower() == str(url).lower()
