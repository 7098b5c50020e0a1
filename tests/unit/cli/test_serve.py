"""What `tenantry serve` does not start with."""

import pytest

from tests.support.commands import tenantry


@pytest.mark.parametrize(
    "url", ["accounts.acme.example", "ftp://acme.example", "https://", "https://a@b", "https://a?b=c", "https://[::1"]
)
def test_an_address_that_nobody_could_be_told_is_refused(url: str) -> None:
    done = tenantry("serve", "--public-url", url)
    assert done.code == 2
    assert "write https://host" in done.err
