import pytest

from homeostat.schema._formats import checked_format, format_check


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("bsonobjectid", "507f1f77bcf86cd799439011", "507f"),
        ("byte", "YWJj", "a"),
        ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("hexcolor", "#FFFFFF", "#FFFFF"),
        ("isbn", "978-0321751041", "978-0321751042"),
        ("isbn10", "0321751043", "0321751044"),
        ("rgbcolor", "rgb(255,0, 9)", "rgb(256,0,0)"),
        ("ssn", "123-45-6789", "12-345-6789"),
        ("uuid3", "6fa459ea-ee8a-3ca4-894e-db77e160355e", "x"),
        ("uuid4", "16fd2706-8baf-433b-82eb-8c7fada847da", "x"),
        ("uuid5", "886313e1-3b8a-5372-9b90-0c9aee199e5d", "x"),
        ("k8s-long-name", "a.b-c.d", "a..b"),
        ("mac", "0000.5e00.5301", "00:00"),
        ("ipv4", "010.0.0.1", "10.0.0.256"),
        ("hostname", "exa-mple.com", "a..b"),
        ("uri", "mailto:a@b", "a b"),
        ("email", "Ann <a@b.c>", "@"),
        ("duration", "1.5h", "1 fortnight"),
        ("date-time", "2020-02-29T23:59:59z", "2020-02-30T00:00:00Z"),
        ("password", "", None),
    ],
)
def test_format_tells_good_from_bad(name: str, good: str, bad: str | None) -> None:
    check = format_check(name)
    assert check is not None
    assert check(good)
    assert bad is None or not check(bad)


@pytest.mark.parametrize(
    ("kind", "name", "checked"),
    [
        ("string", "date-time", "date-time"),
        ("string", "int32", ""),
        ("integer", "int32", "int32"),
        ("integer", "date", ""),
        ("number", "double", "double"),
        ("object", "date", ""),
        ("", "ipv4", "ipv4"),
    ],
)
def test_formats_count_for_their_type_alone(kind: str, name: str, checked: str) -> None:
    assert checked_format(kind, name) == checked
