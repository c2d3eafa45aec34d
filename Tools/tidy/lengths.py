#!/usr/bin/env python3
"""Functions of over 70 lines, in C, Swift and Python. The files that still have some are listed in
Tools/tidy/lengths.allowed (Tools/allowance.py). A line counts from the function's first to its closing
one."""

import ast
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import allowance  # noqa: E402
import repository  # noqa: E402

LIMIT = 70
SWIFT_HEAD = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+|[a-z]+(?:\([a-z]+\))?\s+)*(?:func\b|init[?!]?\s*[(<]|deinit\b|subscript\b)"
)
C_HEAD = re.compile(r"^[A-Za-z_][\w\s*]*\b\w+\s*\(")
GOES_ON = re.compile(r"\s*(?:\{|->|where\b|throws\b)")
WORDLESS = re.compile(
    r'//[^\n]*|/\*.*?\*/|"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S
)


def blank(text, apostrophes):
    """The text with comments and literals blanked out, line for line the same."""

    def cut(m):
        if m[0][0] == "'" and not apostrophes:
            return m[0]
        return re.sub(r"[^\n]", " ", m[0])

    return WORDLESS.sub(cut, text)


def end_of(text, start):
    """Where the body that begins behind `start` ends: its closing brace; None when the declaration has no
    body."""
    depth, brackets = 0, 0
    for i in range(start, len(text)):
        c = text[i]
        if c in "([":
            brackets += 1
        elif c in ")]":
            brackets -= 1
        elif c == "{":
            depth += 1
        elif c == "}":
            depth -= 1
            if depth <= 0:
                return i if depth == 0 else None
        elif c == ";" and depth == 0 and brackets == 0:
            return None
        elif c == "\n" and depth == 0 and brackets == 0 and not GOES_ON.match(text, i + 1):
            return None
    return None


def braced(text, head, apostrophes):
    """(line, lines) of every function of a language with braces."""
    plain, out, at, behind = blank(text, apostrophes), [], 0, -1
    for n, line in enumerate(plain.split("\n"), 1):
        m = head.match(line)
        if m and at > behind:
            end = end_of(plain, at + m.end() - (1 if line[m.end() - 1 : m.end()] in "(<" else 0))
            if end is not None:
                out.append((n, plain.count("\n", at, end) + 1))
                behind = end if head is C_HEAD else behind
        at += len(line) + 1
    return out


def python(text):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (f.lineno, f.end_lineno - f.lineno + 1) for f in ast.walk(ast.parse(text)) if isinstance(f, kinds)
    ]


def functions(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return python(text)
    return braced(text, SWIFT_HEAD, False) if path.suffix == ".swift" else braced(text, C_HEAD, True)


def main(arguments):
    root = repository.root_from(arguments)
    found = {
        p: [f for f in functions(p) if f[1] > LIMIT]
        for p in repository.files(root, ".swift", ".c", ".h", ".py")
    }
    listed = allowance.Allowance(root / "Tools" / "tidy" / "lengths.allowed")
    listed.check("lengths", root, found, LIMIT, "--write" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
