"""The checks of `make tidy`: each one passes over this repository, and fails over a small tree with one
thing wrong in it."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIDY = ROOT / "Tools" / "tidy"


def run(check, tree, *words):
    p = subprocess.run(
        [sys.executable, str(TIDY / (check + ".py")), str(tree), *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return p.returncode, p.stdout + p.stderr


@pytest.fixture
def tree(tmp_path):
    """Writes files of a small repository: tree({"Sources/A/a.swift": "..."})."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize("check", sorted(p.stem for p in TIDY.glob("*.py")))
def test_this_repository_passes(check):
    code, out = run(check, ROOT)
    assert code == 0, out


# --- widths and lengths


def test_a_wide_line(tree):
    root = tree({"Sources/A/a.swift": "let a = 1\n// " + "x" * 108 + "\n", "README.md": "x" * 300 + "\n"})
    code, out = run("widths", root)
    assert code == 1 and "Sources/A/a.swift:2: 111, the limit is 110" in out and "README" not in out, out
    tree({"Sources/A/a.swift": "// " + "x" * 107 + "\n"})
    assert run("widths", root)[0] == 0


def test_what_is_allowed_may_only_go_down(tree):
    wide = "// " + "x" * 120 + "\n"
    root = tree({"a.c": wide * 2, "Tools/tidy/widths.allowed": "# why\na.c: 2\n"})
    assert run("widths", root)[0] == 0
    tree({"a.c": wide * 3})
    code, out = run("widths", root)
    assert code == 1 and "a.c: 3 of them, 2 allowed" in out, out
    code, out = run("widths", root, "--write")
    assert (
        code == 1
        and "not written" in out
        and (root / "Tools/tidy/widths.allowed").read_text() == "# why\na.c: 2\n"
    ), out
    tree({"a.c": wide * 3, "b.c": "int b;\n", "Tools/tidy/widths.allowed": "a.c: 2\nb.c: 4\n"})
    code, out = run("widths", root, "--write")  # less in all, but more in a listed file
    assert code == 1 and "a.c: 3, 2 allowed: not written" in out, out
    tree({"Tools/tidy/widths.allowed": "# why\na.c: 2\n"})
    (root / "b.c").unlink()
    (root / "a.c").unlink()
    tree({"room/b.c": wide})  # moved, and better
    assert run("widths", root)[0] == 1 and run("widths", root, "--write")[0] == 0
    assert (root / "Tools/tidy/widths.allowed").read_text() == "# why\nroom/b.c: 1\n" and run("widths", root)[
        0
    ] == 0


C = """static int f(const char *text,
             int n) {
    if (n == '{' || text[0] == '"') return 1; /* { */
%s    return 0;
}

int after(void) { return 1; }
"""
SWIFT = """protocol P {
    func required(_ a: Int)
    func also() -> Int
}
struct S {
    var text: String { "{" }
    package mutating func f(_ a: Int,
                            b: Int = 1) throws(E)
        -> Int {
%s        return 1
    }
    func after() {}
}
"""
PYTHON = """def f():
    text = '''
    '''
%s    return text
"""


@pytest.mark.parametrize(
    "name,text,line,fixed",
    [
        ("a.c", C, "    n++;\n", 5),
        ("a.swift", SWIFT, "        n += 1 // }\n", 5),
        ("a.py", PYTHON, "    text += ''\n", 4),
    ],
)
def test_a_long_function(tree, name, text, line, fixed):
    root = tree({name: text % (line * (70 - fixed))})
    code, out = run("lengths", root)
    assert code == 0, out
    tree({name: text % (line * (71 - fixed))})
    code, out = run("lengths", root)
    first = {"a.c": 1, "a.swift": 7, "a.py": 1}[name]
    assert code == 1 and out.split("\n")[0] == "tidy lengths: %s:%d: 71, the limit is 70" % (name, first), out


# --- rooms of the Swift side

MANIFEST = """// swift-tools-version: 6.0
import PackageDescription
let package = Package(name: "p", targets: [
    .target(name: "Low"),
    .target(name: "Middle", dependencies: ["Low"]),
    .target(name: "High", dependencies: ["Middle"%s]),
])
"""
ROOMS = {
    "Package.swift": MANIFEST % "",
    "Sources/Low/l.swift": "let l = 1\n",
    "Sources/Middle/m.swift": "import Low\n",
    "Sources/High/h.swift": "import Middle\n",
}


@pytest.mark.skipif(shutil.which("swift") is None, reason="no swift")
@pytest.mark.parametrize(
    "change,finding",
    [
        ({}, None),
        (
            {"Sources/High/h.swift": "import Middle\nimport Low\n"},
            "Sources/High/h.swift imports Low, which High does not depend on",
        ),
        (
            {"Sources/Low/l.swift": "@preconcurrency internal import Foundation\n"},
            "Sources/Low/l.swift imports Foundation, which is no target",
        ),
        ({"Package.swift": MANIFEST % ', "Low"'}, "High depends on Low and imports it nowhere"),
        (
            {
                "Package.swift": MANIFEST.replace('    .target(name: "Low"),\n', "").replace(
                    "])\n", '    .target(name: "Low"),\n])\n'
                )
                % ""
            },
            "Middle depends on Low, which Package.swift lists after it",
        ),
    ],
)
def test_an_import_against_the_arrow(tree, change, finding):
    code, out = run("swift_rooms", tree({**ROOMS, **change}))
    assert (code, finding is None or finding in out) == (0 if finding is None else 1, True), out


# --- documents, page, version, white space


@pytest.mark.parametrize(
    "text,finding",
    [
        (
            "See `Sources/A/a.swift`, `Sources/*/a.swift`, `a.swift`, `Sources/A/`, `build/x.py`,\n"
            "[A](Sources/A/a.swift#L1)",
            None,
        ),
        ("See `Sources/A/b.swift`.", "README.md:1: there is no Sources/A/b.swift"),
        ("See `Sources/B`.", "README.md:1: there is no Sources/B"),
        ("See `other_file.c`.", "README.md:1: there is no other_file.c"),
        ("See\n[this](docs/none.md#x)", "README.md:2: the link leads nowhere: docs/none.md"),
    ],
)
def test_a_document_that_names_what_is_not_there(tree, text, finding):
    code, out = run(
        "documents",
        tree({"README.md": text + "\n", "Sources/A/a.swift": "\n"}),
    )
    assert (code, finding is None or finding in out) == (0 if finding is None else 1, True), out


def test_a_page_that_was_changed_and_not_made(tree):
    page = "<p>old</p>\n"
    first = "/* Made by Tools/page.py (make page) from Web/page.html, sha256 %s. Do not edit. */\n"
    root = tree(
        {
            "Web/page.html": page,
            "CSources/web/sys_web_page.c": first % hashlib.sha256(page.encode()).hexdigest(),
        }
    )
    assert run("page_made", root)[0] == 0
    tree({"Web/page.html": page.replace("old", "new")})
    code, out = run("page_made", root)
    assert code == 1 and "run `make page`" in out, out


def test_a_version_without_an_entry(tree):
    root = tree(
        {
            "Sources/A/a.swift": 'public let evenkeelVersion: StaticString = "1.2.3"\n',
            "CHANGELOG.md": "# Changes\n\n## 1.2.3 (unreleased)\n\n## 1.2.2\n",
        }
    )
    assert run("version", root)[0] == 0
    tree({"CHANGELOG.md": "# Changes\n\n## 1.2.2\n"})
    code, out = run("version", root)
    assert code == 1 and "the program is version 1.2.3" in out, out
    tree({"Sources/B/b.swift": 'let evenkeelVersion: StaticString = "1.2.2"\n'})
    assert "set in 2 places" in run("version", root)[1]


@pytest.mark.parametrize(
    "text,finding",
    [
        ("a\n\nb\n", None),
        ("a \n", "a.c:1: white space"),
        ("\ta\n", "a.c:1: a tab"),
        ("a\nb", "a.c:1: the file does not end"),
    ],
)
def test_white_space(tree, text, finding):
    code, out = run("white_space", tree({"a.c": text, "Makefile": "x:\n\ttrue\n"}))
    assert (code, finding is None or finding in out) == (0 if finding is None else 1, True), out


def test_no_check_depends_on_git(tree):
    """A copy without a repository is checked alike; so is one whose tools are called from another
    directory."""
    root = tree({"a.c": "int a;\n"})
    for check in ("widths", "white_space", "documents"):
        p = subprocess.run(
            [sys.executable, str(TIDY / (check + ".py")), str(root)],
            capture_output=True,
            text=True,
            cwd="/",
            env={**os.environ, "PATH": "/nonexistent"},
        )
        assert p.returncode == 0, p.stdout + p.stderr
