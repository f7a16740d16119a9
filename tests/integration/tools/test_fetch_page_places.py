"""Where the tool `fetch_page` does not go: this machine, and networks that are somebody's own."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from groundwire.adapters.network.web import Web, look_up
from groundwire.adapters.parsers.pool import ParserPool
from groundwire.adapters.tools.fetch_page import FetchPage
from tests.support.fetching import knowing, refusal, tool
from tests.support.site import Site, open_site

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Every way to write this machine's address, and some that lead to it.
LOOPBACK = [
    "127.0.0.1", "127.0.0.1.", "127.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433",
    "017700000001", "127.0.0.2", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.",
    "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]",
]  # fmt: skip
ELSEWHERE = [
    "10.0.0.1", "100.100.100.200", "168.63.129.16", "169.254.169.254", "172.16.0.1",
    "192.168.1.1", "224.0.0.1", "255.255.255.255", "2852039166", "0xa9fea9fe", "[fe80::1]",
    "[fd00:ec2::254]", "[ff02::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a9fe:a9fe]",
]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK)
async def test_this_machine_is_not_asked_however_it_is_written(
    parser: ParserPool, inner: Site, host: str
) -> None:
    assert "not on the public internet" in await refusal(
        tool(parser), f"http://{host}:{inner.port}/page"
    )
    assert inner.asked == []


@pytest.mark.parametrize("host", ELSEWHERE)
async def test_nobodys_own_network_is_asked(parser: ParserPool, host: str) -> None:
    assert "not on the public internet" in await refusal(tool(parser), f"http://{host}/")


@pytest.mark.parametrize("host", LOOPBACK)
async def test_a_redirect_to_this_machine_is_not_followed(
    parser: ParserPool, site: Site, inner: Site, host: str
) -> None:
    url = site.lead_on("/away", f"http://{host}:{inner.port}/page")

    assert "not on the public internet" in await refusal(tool(parser, site.place), url)
    assert (site.asked, inner.asked) == (["/away"], [])


@pytest.mark.parametrize("addresses", ["127.0.0.1", "::1", "8.8.8.8 127.0.0.1", "fe80::1%lo"])
async def test_a_name_of_which_one_address_is_private_is_not_asked(
    parser: ParserPool, inner: Site, addresses: str
) -> None:
    fetch = knowing(parser, {"rebind.example": [addresses]})

    assert "not on the public internet" in await refusal(
        fetch, f"http://rebind.example:{inner.port}/page"
    )
    assert inner.asked == []


async def test_the_connection_goes_to_the_address_that_was_looked_up_once(
    parser: ParserPool, site: Site
) -> None:
    # No resolver knows the name, and a second look-up would find another address.
    names = {"docs.example": ["127.0.0.1", "127.0.0.9"]}
    fetch = knowing(parser, names, f"docs.example:{site.port}")

    output = await fetch.use({"url": f"http://docs.example:{site.port}/page"})

    assert "The lamp is lit" in output
    assert site.heads[0]["Host"] == f"docs.example:{site.port}"
    assert names == {"docs.example": ["127.0.0.9"]}


async def test_an_address_of_the_internet_is_connected_to(parser: ParserPool) -> None:
    fetch = knowing(parser, {"page.example": ["93.184.216.34"]})

    # The tests' own guard of the network tells where the connection would have gone.
    with pytest.raises(RuntimeError, match=r"tried to reach '93\.184\.216\.34'"):
        await fetch.use({"url": "http://page.example/"})


async def test_after_a_redirect_the_host_is_looked_up_and_checked_anew(
    parser: ParserPool, site: Site
) -> None:
    names = {"docs.example": ["127.0.0.1"], "evil.example": ["127.0.0.1"]}
    url = f"http://docs.example:{site.port}/away"
    site.lead_on("/away", f"http://evil.example:{site.port}/page")

    assert "evil.example is not on the public internet" in await refusal(
        knowing(parser, names, "docs.example"), url
    )
    assert site.asked == ["/away"]


@pytest.mark.parametrize(
    "allowed", ["localhost", "localhost:{port}", "LOCALHOST.:{port}"], ids=lambda allowed: allowed
)
async def test_an_allowed_host_is_asked_though_it_is_private(
    parser: ParserPool, site: Site, allowed: str
) -> None:
    fetch = tool(parser, allowed.format(port=site.port))

    assert "The lamp" in await fetch.use({"url": f"http://localhost:{site.port}/page"})


@pytest.mark.parametrize("allowed", ["localhost:1", "ocalhost", "127.0.0.1", "local.host"])
async def test_another_host_or_port_than_the_allowed_is_not_asked(
    parser: ParserPool, site: Site, allowed: str
) -> None:
    await refusal(tool(parser, allowed), f"http://localhost:{site.port}/page")

    assert site.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "http://user:word@127.0.0.1/",
        "http://[::1",
        "http://[]@",
        "http://127%2e0.0.1/",
        None,
    ],
)
async def test_a_redirect_to_what_is_no_page_is_not_followed(
    parser: ParserPool, site: Site, location: str | None
) -> None:
    url = site.lead_on("/away", location)

    assert "leads on to an address that is not fetched" in await refusal(
        tool(parser, site.place), url
    )


async def test_a_host_that_there_is_not_is_told(parser: ParserPool) -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    fetch = FetchPage(parser, Web(look_up=unknown))

    assert await refusal(fetch, "https://nowhere.example/") == (
        "There is no host nowhere.example. Check the address."
    )


async def test_the_machine_itself_is_looked_up_by_the_system() -> None:
    assert set(await look_up("localhost", 80)) <= {"127.0.0.1", "::1"}


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    parser: ParserPool, tmp_path: Path
) -> None:
    async with open_site(self_signed(tmp_path)) as site:
        said = await refusal(tool(parser, site.place), f"{site.url}/page")

    assert "no secure connection that can be trusted" in said
    assert site.asked == []


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "site.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context
