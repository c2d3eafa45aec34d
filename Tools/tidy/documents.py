#!/usr/bin/env python3
"""Documents that name a file or a folder of the repository name one that exists: links, and what stands in
backquotes and looks like a path (`Tests/lint/run.sh`, `docs/*.md`) or a source file (`sys_load.h`)."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import repository  # noqa: E402

CODE = re.compile(r"[\w*./-]+\.(?:swift|c|h|py|sh|pml|mutant|html)")
QUOTED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#[^)\s]*)?\)")


def words(text):
    """What of the document could be a path, with its line."""
    for n, line in enumerate(text.split("\n"), 1):
        for quoted in QUOTED.findall(line):
            for word in re.split(r"[\s,;()]+", quoted):
                yield n, word.rstrip(".:")


def main(arguments):
    root = repository.root_from(arguments)
    everything = repository.files(root)
    names = [str(p.relative_to(root)) for p in everything]
    tops = {
        p.name
        for p in root.iterdir()
        if p.is_dir() and p.name not in repository.MADE and not p.name.startswith(".")
    }

    def there(word):
        if word.split("/")[0] in tops and "/" in word:
            return any(root.glob(word.rstrip("/"))) if "*" in word else (root / word).exists()
        pattern = re.compile("(?:.*/)?" + re.escape(word).replace(r"\*", "[^/]*") + "$")
        return any(pattern.match(name) for name in names)

    findings, documents = [], [p for p in everything if p.suffix == ".md"]
    for path in documents:
        text, place = path.read_text(encoding="utf-8"), path.relative_to(root)
        for n, word in words(text):
            in_tree = "/" in word and word.split("/")[0] in tops and re.fullmatch(r"[\w./*-]+", word)
            if (
                (in_tree or CODE.fullmatch(word))
                and word.split("/")[0] not in repository.MADE
                and not there(word)
            ):
                findings.append("%s:%d: there is no %s" % (place, n, word))
        for n, line in enumerate(text.split("\n"), 1):
            findings += [
                "%s:%d: the link leads nowhere: %s" % (place, n, to)
                for to in LINK.findall(line)
                if to and "://" not in to and not to.startswith("mailto:") and not (path.parent / to).exists()
            ]
    repository.done("documents", findings, "%d documents name what exists" % len(documents))


if __name__ == "__main__":
    main(sys.argv[1:])
