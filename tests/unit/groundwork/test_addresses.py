"""Whose address counts, and that nobody can choose theirs."""

from ipaddress import ip_address, ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from groundwork.addresses import PROXIES, Proxies, address_of, client_address, counted_as, is_loopback
from groundwork.settings import Settings, SettingsError

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))
PROXY, INNER = "10.0.0.1", "10.9.9.9"

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
#: Whatever a client may write: addresses, ours among them, with ports, and things that are none.
CLAIMS = st.one_of(
    ADDRESSES.map(str),
    st.sampled_from([PROXY, INNER, "127.0.0.1", "unknown", "_hidden", "", "10.0.0.1:80", "[::1]:443", "::ffff:10.0.0.1"]),
    st.text(st.characters(codec="latin-1"), max_size=20),
)  # fmt: skip


def outside(address: object) -> bool:
    found = ip_address(str(address))
    found = getattr(found, "ipv4_mapped", None) or found
    return not any(found in network for network in TRUSTED)


CLIENTS = ADDRESSES.filter(outside).map(lambda address: getattr(address, "ipv4_mapped", None) or address)


@given(
    client=CLIENTS,
    claims=st.lists(CLAIMS),
    hops=st.lists(st.sampled_from([INNER, "2001:db8:ffff::2"]), max_size=3),
)
def test_what_a_client_writes_never_changes_its_address(
    client: object, claims: list[str], hops: list[str]
) -> None:
    """Each proxy adds who spoke to it; whatever came before that is the client's own invention."""
    honest = client_address(PROXY, [", ".join([str(client), *hops])], TRUSTED)
    for forwarded in ([", ".join([*claims, str(client), *hops])], [*claims, str(client), *hops]):
        assert client_address(PROXY, forwarded, TRUSTED) == honest == str(client)


@given(peer=CLIENTS, claims=st.lists(CLAIMS, min_size=1))
def test_a_peer_that_is_no_proxy_of_ours_is_believed_nothing(peer: object, claims: list[str]) -> None:
    assert client_address(str(peer), claims, TRUSTED) == str(peer)


@given(peer=CLAIMS, claims=st.lists(CLAIMS))
def test_any_header_gives_an_answer(peer: str, claims: list[str]) -> None:
    for trusted in ((), TRUSTED):
        client_address(peer, claims, trusted)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (PROXY, [], PROXY),
        (PROXY, ["203.0.113.7"], "203.0.113.7"),
        (PROXY, ["203.0.113.7:51000"], "203.0.113.7"),
        (PROXY, ["[2001:db8::7]:51000"], "2001:db8::7"),
        (PROXY, ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        (PROXY, ["198.51.100.1, 203.0.113.7", INNER], "203.0.113.7"),
        (PROXY, [f"203.0.113.7, unknown, {INNER}"], INNER),
        (PROXY, [f"10.1.1.1, {INNER}"], "10.1.1.1"),
        ("203.0.113.9", ["203.0.113.7"], "203.0.113.9"),
        ("192.168.1.2", ["203.0.113.7"], "192.168.1.2"),
        ("", [], "unknown"),
    ],
)
def test_the_rightmost_that_is_no_proxy_is_the_client(peer: str, forwarded: list[str], expected: str) -> None:
    assert client_address(peer, forwarded, TRUSTED) == expected


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.2", "172.18.0.1", "fd00::1"])
def test_behind_a_proxy_that_nobody_told_us_of_there_is_no_address(peer: str) -> None:
    assert client_address(peer, ["203.0.113.7"], ()) is None
    assert client_address(peer, [], ()) == peer


def test_a_public_peer_cannot_pass_for_a_proxy_of_ours() -> None:
    assert client_address("8.8.8.8", ["1.1.1.1"], ()) == "8.8.8.8"


def test_an_untold_proxy_is_logged_once_and_without_addresses(caplog: pytest.LogCaptureFixture) -> None:
    app = web.Application()
    app[PROXIES] = Proxies()
    request = make_mocked_request("POST", "/", headers={"X-Forwarded-For": "203.0.113.7"}, app=app)
    request = request.clone(remote="127.0.0.1")
    assert [address_of(request) for _ in range(3)] == [None] * 3
    assert [record.getMessage() for record in caplog.records] == ["proxy.untold"]
    assert "203.0.113.7" not in str(vars(caplog.records[0]))


def test_an_application_that_names_no_proxies_trusts_none() -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    request = make_mocked_request("GET", "/", headers=headers, app=web.Application()).clone(remote="8.8.8.8")
    assert address_of(request) == "8.8.8.8"


def test_proxies_are_set_as_addresses_and_networks() -> None:
    told = Settings.from_env({"HUYING_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,2001:db8::/48"})
    assert told.trusted_proxies == tuple(map(ip_network, ("127.0.0.1", "10.0.0.0/8", "2001:db8::/48")))
    assert Settings.from_env({}).trusted_proxies == ()


@pytest.mark.parametrize("wrong", ["proxy.example", "10.0.0.1/8", "127.0.0.1,,::1", "0.0.0.0/0", "::/0"])
def test_what_is_no_proxy_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="HUYING_TRUSTED_PROXIES"):
        Settings.from_env({"HUYING_TRUSTED_PROXIES": wrong})


def test_limits_count_a_customer_and_not_each_of_their_addresses() -> None:
    assert counted_as("2001:db8:1:2:aaaa::1") == counted_as("2001:db8:1:2:bbbb::9") == "2001:db8:1:2::/64"
    assert (
        counted_as("203.0.113.7") == "203.0.113.7"
        and counted_as("::ffff:203.0.113.7") == "::ffff:203.0.113.7"
    )
    assert counted_as(None) is None and counted_as("unknown") == "unknown"
    assert (
        is_loopback("127.0.0.1")
        and is_loopback("::1")
        and not is_loopback("10.0.0.1")
        and not is_loopback(None)
    )
