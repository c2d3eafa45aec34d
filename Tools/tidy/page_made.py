#!/usr/bin/env python3
"""The page that the program carries (sys_web_page.c) was made of Web/page.html as it is. Needs no minifier:
the file says its source's sum."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import repository  # noqa: E402


def main(arguments):
    root = repository.root_from(arguments)
    import page

    (made,) = (root / "CSources").rglob("sys_web_page.c")
    first = made.read_text().split("\n", 1)[0]
    right = page.made_of((root / "Web" / "page.html").read_bytes())
    wrong = (
        []
        if first == right
        else ["%s was made of another Web/page.html: run `make page`" % made.relative_to(root)]
    )
    repository.done("page_made", wrong, "the page in the program is the page that was written")


if __name__ == "__main__":
    main(sys.argv[1:])
