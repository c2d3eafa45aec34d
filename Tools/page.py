#!/usr/bin/env python3
"""Makes CSources/EvenkeelSys/sys_web_page.c from Web/page.html: the page compressed, and the policy that allows just its own script and style.

The result is committed, so that building needs no Python; Tests/web/test_page_file.py compares the two.
"""
import base64
import gzip
import hashlib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "Web" / "page.html"
OUT = ROOT / "CSources" / "EvenkeelSys" / "sys_web_page.c"


def hash_of(page: str, tag: str) -> str:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
    if len(found) != 1:
        raise SystemExit(f"{PAGE}: one <{tag}> is wanted, {len(found)} found")
    return "'sha256-" + base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode() + "'"


def policy(page: str) -> str:
    return ("default-src 'none'; script-src " + hash_of(page, "script") + "; style-src " + hash_of(page, "style") +
            "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    packed = gzip.compress(page.encode(), 9, mtime=0)
    lines = [",".join(str(b) for b in packed[i:i + 48]) + "," for i in range(0, len(packed), 48)]
    text = ["/* Made by Tools/page.py from Web/page.html (make page). Do not edit. */", '#include "sys_web_internal.h"', "",
            f'const char web_page_csp[] = "{policy(page)}";', f"const size_t web_page_gz_len = {len(packed)};",
            "const unsigned char web_page_gz[] = {", *lines, "};", ""]
    OUT.write_text("\n".join(text), encoding="ascii")
    print(f"{OUT.relative_to(ROOT)}: {len(page.encode())} bytes, {len(packed)} compressed", file=sys.stderr)


if __name__ == "__main__":
    main()
