"""Fixtures of the tests beside this file."""
import pytest

from runs import assert_host_is, host_state


@pytest.fixture
def host_as_it_was():
    before = host_state()
    yield before
    assert_host_is(before)
