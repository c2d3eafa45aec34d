#!/usr/bin/env bash
# Prints how clang-format would lay out the C lines that were changed since HEAD, and fails when that is not
# how they are.
set -eu
cd "$(dirname "$0")/.."
if ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
    echo "format: no repository, so no line is known to be changed"
    exit 0
fi
change=$(git diff -U0 --no-color HEAD -- '*.c' '*.h' ':!*sys_web_page.c' |
    clang-format-diff -p1 -style=file)
[ -z "$change" ] || { printf '%s\n' "$change"; exit 1; }
echo "format: the changed lines of C are as .clang-format has them"
