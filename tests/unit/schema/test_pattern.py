import pytest

from homeostat.schema._pattern import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"^a$", "a\n", False),
        (r"a\z", "a", True),
        (r"^\d+$", "\u0661", False),
        (r"^\s$", "\v", False),
        (r"^[\s]$", "\t", True),
        (r"^\S$", "\v", True),
        (r"^\pL+$", "añ", True),
        (r"^\p{Lu}$", "A", True),
        (r"^\PL$", "1", True),
        (r"^[\p{L}_]+$", "é_", True),
        (r"^[^\p{L}]$", "1", True),
        (r"^\Qa.b\E+$", "a.bb", True),
        (r"^\x{41}\x42\103$", "ABC", True),
        (r"^[[:alpha:][:digit:]]+$", "a1", True),
        (r"(?i)^abc$", "ABC", True),
        (r"^a(?i)b$", "aB", True),
        (r"^(a(?i)b)c$", "aBC", False),
        (r"^(?P<n>a)(?<m>b)$", "ab", True),
        (r"^a{,2}$", "a{,2}", True),
        (r"^a{2}$", "aa", True),
        (r"^[]a]+$", "]a", True),
        (r"^[^]a]+$", "b", True),
        (r"^(?:a|b)?$", "b", True),
        (r"^a+?$", "aa", True),
        (r"^[a&&b]+$", "&", True),
        (r"^\p{Greek}+$", "αβγ", True),
    ],
)
def test_pattern_matches_as_in_go(pattern: str, text: str, *, matches: bool) -> None:
    assert bool(compile_pattern(pattern).search(text)) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[",
        "(?=a)",
        "(?<!a)",
        r"(a)\1",
        "a++",
        "a**",
        "a{1001}",
        "\\",
        "*",
        r"\q",
        r"\C",
    ],
)
def test_what_go_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="error parsing regexp"):
        compile_pattern(pattern)


def test_hostile_pattern_is_as_fast_as_any() -> None:
    # Python's engine would not come back from this one.
    assert compile_pattern("^(a+)+$").search("a" * 100_000 + "!") is None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(", "missing closing ): `(`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("\\", "trailing backslash at end of expression: ``"),
    ],
)
def test_error_is_in_the_words_of_go(pattern: str, text: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert str(caught.value) == f"error parsing regexp: {text}"
