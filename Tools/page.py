#!/usr/bin/env python3
"""Makes the page that the program carries out of Web/page.html: minified, compressed, with the policy that
allows just its own script and style. The result, sys_web_page.c, is committed, because `swift build` must
work from a clean clone, and a SwiftPM plugin has no network to get minifiers from. `make tidy` fails when
it was made of another page; Tests/web/test_page_file.py makes it again.

    page.py            writes it; needs the minifiers that Tests/requirements.txt names (`make page` has it)
"""

import base64
import gzip
import hashlib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "Web" / "page.html"
(OUT,) = (ROOT / "CSources").rglob("sys_web_page.c")


def minified(page: str) -> str:
    """Without comments and white space that mean nothing; names and statements stay as they were written."""
    import rcssmin
    import rjsmin

    page = re.sub(r"(?<=<style>)(.*?)(?=</style>)", lambda m: rcssmin.cssmin(m[1]), page, flags=re.S)
    head, script, tail = re.split(r"(?<=<script>)(.*?)(?=</script>)", page, flags=re.S)
    head, tail = (re.sub(r"\s*\n\s*", "\n", part) for part in (head, tail))  # there is no <pre>
    return head + rjsmin.jsmin(script) + tail


def hash_of(page: str, tag: str) -> str:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
    if len(found) != 1:
        raise SystemExit(f"{PAGE}: one <{tag}> is wanted, {len(found)} found")
    return "'sha256-" + base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode() + "'"


def policy(page: str) -> str:
    return (
        "default-src 'none'; script-src "
        + hash_of(page, "script")
        + "; style-src "
        + hash_of(page, "style")
        + "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def made_of(source: bytes) -> str:
    """The first line of the result, which says what it was made of."""
    return (
        "/* Made by Tools/page.py (make page) from Web/page.html, sha256 %s. Do not edit. */"
        % hashlib.sha256(source).hexdigest()
    )


def make(source: bytes) -> str:
    """The text of sys_web_page.c."""
    page = minified(source.decode())
    packed = gzip.compress(page.encode(), 9, mtime=0)
    numbers = [",".join(str(b) for b in packed[i : i + 24]) + "," for i in range(0, len(packed), 24)]
    rules = policy(page).split("; ")
    rules = ['    "%s%s"' % (rule, "; " if rule is not rules[-1] else "") for rule in rules]
    return "\n".join(
        [
            made_of(source),
            '#include "sys_web_internal.h"',
            "",
            "const char web_page_csp[] =",
            *rules[:-1],
            rules[-1] + ";",
            f"const size_t web_page_gz_len = {len(packed)};",
            "const unsigned char web_page_gz[] = {",
            *numbers,
            "};",
            "",
        ]
    )


def main() -> None:
    source = PAGE.read_bytes()
    OUT.write_text(make(source), encoding="ascii")
    print(f"{OUT.relative_to(ROOT)}: made of {len(source)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
