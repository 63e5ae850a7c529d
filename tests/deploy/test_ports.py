"""Ports: moved by the environment, refused when they can't be had."""

import socket
from dataclasses import astuple, replace

import pytest

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.ports import LOOPBACK, Ports, is_unused, ports_from_environment, require_unused, unused_ports


def test_a_port_in_use_is_named_with_its_user_and_the_variable_that_moves_it() -> None:
    ports = unused_ports()
    with socket.create_server((LOOPBACK, ports.reporting)), pytest.raises(LaunchFailed) as failure:
        require_unused(ports, ["intake", "reporting"])
    assert f"Port {ports.reporting} " in str(failure.value)
    assert "reporting" in str(failure.value)
    assert "FULLCIRCLE_REPORTING_PORT" in str(failure.value)


def test_a_port_that_something_holds_on_all_addresses_is_in_use() -> None:
    port = unused_ports().kafka
    with socket.create_server(("0.0.0.0", port)):
        assert not is_unused(port)
    assert is_unused(port)


def test_a_variable_moves_one_port_and_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCIRCLE_ROUTING_PORT", "18002")
    assert ports_from_environment() == replace(Ports(), routing=18002)


@pytest.mark.parametrize("written", ["http", "0", "65536", "-1", "80.5", "²"])
def test_what_is_no_port_number_is_refused_by_name(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCIRCLE_KAFKA_PORT", written)
    with pytest.raises(LaunchFailed, match="FULLCIRCLE_KAFKA_PORT"):
        ports_from_environment()


def test_one_port_for_two_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULLCIRCLE_ISSUER_PORT", str(Ports().intake))
    with pytest.raises(LaunchFailed, match="intake and issuer are both given port 8001"):
        ports_from_environment()


def test_unused_ports_differ_from_each_other() -> None:
    assert len(set(astuple(unused_ports()))) == len(astuple(Ports()))
