"""Where there can be no directory, the tests that need one say why they did not run."""

import os

import pytest

from tests.support import slapd


def test_without_slapd_and_without_the_right_to_install_it_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(slapd, "_PATH", "/nowhere")
    assert slapd._install() == "no slapd here: apt-get install slapd, or run the tests as root"
