import copy
import pickle
from decimal import Decimal

import pytest

from homeostat.api import Quantity


def test_equal_values_are_equal_and_hash_alike() -> None:
    assert Quantity("1Gi") == Quantity("1024Mi") == Quantity(2**30)
    assert len({Quantity("1"), Quantity("1000m"), Quantity("1e0")}) == 1
    assert Quantity("1") != Quantity("1Ki")
    assert Quantity("1") != 1


def test_orders_by_value() -> None:
    texts = ["-1Ki", "-1", "0", "1n", "100m", "1", "1k", "1Ki", "1e30", "1e2147483647"]
    quantities = [Quantity(text) for text in texts]
    shuffled = quantities[5:] + quantities[:5]
    assert sorted(shuffled) == quantities
    assert Quantity("1Ki") >= Quantity("1k")
    with pytest.raises(TypeError):
        _ = Quantity("1") < 1  # type: ignore[operator]


def test_converts_exactly() -> None:
    assert Quantity("1.5Gi").to_decimal() == Decimal(1610612736)
    assert float(Quantity("250m")) == 0.25
    assert int(Quantity("1001m")) == 2
    assert int(Quantity("-1001m")) == -2
    assert Quantity("0.1").milli() == 100
    assert Quantity(Decimal("0.0015")) == Quantity("1500u")
    assert Quantity.of(0.5) == Quantity("500m")


def test_multiplies_by_whole_numbers() -> None:
    assert str(Quantity("512Mi") * 3) == "1536Mi"
    assert str(2 * Quantity("500m")) == "1"
    assert str(-Quantity("500m")) == "-500m"


def test_zero_is_false() -> None:
    assert not Quantity()
    assert not Quantity("0Ki")
    assert Quantity("1n")


def test_huge_exponents_are_refused_where_they_would_be_written_out() -> None:
    huge = Quantity("1e2147483647")
    with pytest.raises(OverflowError):
        int(huge)
    with pytest.raises(OverflowError):
        _ = huge + Quantity("1")


def test_is_its_own_copy() -> None:
    quantity = Quantity("1.500")
    assert copy.deepcopy(quantity) is quantity
    assert str(pickle.loads(pickle.dumps(quantity))) == "1.500"
    assert repr(Quantity("0.5")) == "Quantity('500m')"


@pytest.mark.parametrize("value", [True, Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        Quantity(value)  # type: ignore[arg-type]
