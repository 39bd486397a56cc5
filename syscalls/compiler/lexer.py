"""Splits a description file into tokens, and collects error messages."""

import re
from typing import List, NamedTuple


class Location(NamedTuple):
    file: str
    line: int

    def __str__(self):
        return "%s:%d" % (self.file, self.line)


class DescriptionError(Exception):
    """Something is wrong at one place of a description."""

    def __init__(self, where, message):
        super().__init__(message)
        self.where = where
        self.message = message

    def __str__(self):
        return "%s: error: %s" % (self.where, self.message)


class Token(NamedTuple):
    kind: str  # name, number, class, string, header, mark, end
    text: str
    where: Location

    def __str__(self):
        return "the end of the file" if self.kind == "end" else "'%s'" % self.text


_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|\#[^\n]*)
      | (?P<newline>\n)
      | (?P<number>-?0[xX][0-9a-fA-F]+\b|-?[0-9]+\b)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<class>%%?[A-Za-z_]+)
      | (?P<string>"[^"\n]*")
      | (?P<header><[a-z0-9_./-]+>)
      | (?P<mark>->|==|!=|[(){}\[\]:,|&=@$*>])""",
    re.VERBOSE,
)


def tokenize(file: str, text: str) -> List[Token]:
    """The tokens of `text`, the last one of kind "end". Raises DescriptionError."""
    tokens = []
    line = 1
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise DescriptionError(Location(file, line), "unexpected character %r" % text[at])
        if match.lastgroup == "newline":
            line += 1
        elif match.lastgroup != "blank":
            tokens.append(Token(match.lastgroup, match.group(), Location(file, line)))
        at = match.end()
    tokens.append(Token("end", "", Location(file, line)))
    return tokens


def number(text: str) -> int:
    """The value of a number token: decimal, 0x… or, as in C, octal with a leading 0."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    if digits[:2] in ("0x", "0X"):
        return sign * int(digits, 16)
    return sign * int(digits, 8 if len(digits) > 1 and digits[0] == "0" else 10)
