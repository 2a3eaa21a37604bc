"""What the vendor pushes, read: an array of at most a hundred receipts."""

from __future__ import annotations

import pytest

from sms.errors import InvalidCallback
from sms.tencent.callback import receipts_of


@pytest.mark.parametrize("body", [None, {}, "x", 7, [{}] * 101])
def test_a_body_that_is_no_array_of_at_most_a_hundred_is_refused(body: object) -> None:
    with pytest.raises(InvalidCallback):
        receipts_of(body)
