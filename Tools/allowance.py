"""Lists of what is still allowed: `path: count` lines, of files that are not rebuilt yet. A count may only
go down. A file that is not in the list has none.

    CHECK.py             fails when a file has more than its count
    CHECK.py --write     writes the counts of today, also of files that were moved; refused when their sum, or
                         the count of a listed file, would grow
"""

import repository


class Allowance:
    def __init__(self, path):
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.head = [line for line in lines if line.startswith("#")]
        self.counts = {
            name: int(n)
            for name, n in (
                line.rsplit(": ", 1) for line in lines if line.strip() and not line.startswith("#")
            )
        }

    def check(self, name, root, found, limit, write):
        """`found`: {path: [(line, size)]} of everything over the limit."""
        now = {str(p.relative_to(root)): len(places) for p, places in found.items() if places}
        before, after = sum(self.counts.values()), sum(now.values())
        if write:
            more = [
                "%s: %d, %d allowed" % (p, n, self.counts[p])
                for p, n in now.items()
                if n > self.counts.get(p, n)
            ]
            if after > before:
                more.append("%d are over the limit, %d were allowed" % (after, before))
            if not more:
                lines = self.head + ["%s: %d" % one for one in sorted(now.items())]
                self.path.write_text("\n".join(lines) + "\n")
            good = "%d still allowed, %d before" % (after, before)
            return repository.done(name, [one + ": not written" for one in more], good)
        findings = []
        for path, places in sorted(found.items()):
            allowed = self.counts.get(str(path.relative_to(root)), 0)
            if len(places) > allowed:
                findings += [
                    "%s:%d: %d, the limit is %d" % (path.relative_to(root), line, size, limit)
                    for line, size in places
                ]
                findings += (
                    ["%s: %d of them, %d allowed" % (path.relative_to(root), len(places), allowed)]
                    if allowed
                    else []
                )
        spare = sorted(p for p, n in self.counts.items() if now.get(p, 0) < n)
        note = "; %d counts can be lowered (--write)" % len(spare) if spare else ""
        repository.done(name, findings, "%d over %d still allowed%s" % (after, limit, note))
