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
    ],
)
def test_translated_pattern_matches_as_in_go(
    pattern: str, text: str, *, matches: bool
) -> None:
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
    ],
)
def test_what_go_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="error parsing regexp"):
        compile_pattern(pattern)
