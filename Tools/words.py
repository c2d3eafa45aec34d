#!/usr/bin/env python3
"""Makes the man page and the shells' completions out of what the program says of itself,
so that they cannot go stale.

words.py man|bash|zsh|fish PROGRAM     on stdout; PROGRAM is asked for `help` and for every `COMMAND --help`
"""

import datetime
import os
import pathlib
import re
import subprocess
import sys
import time

TEMPLATE = pathlib.Path(__file__).resolve().parents[1] / "Deploy" / "evenkeel.1.in"
OPTION = re.compile(
    r"(?<![\w-])(--[a-z][a-z-]*|-c)(?: (FILE(?:\.\w+)?|[A-Z][\w.:]*|[a-z]+(?:\|[A-Za-z:]+)+))?"
)


class Option:
    def __init__(self, name, value):
        self.name, self.value, self.text = name, value, ""

    @property
    def takes_file(self):
        return self.value is not None and self.value.startswith("FILE")

    @property
    def choices(self):
        return (
            [w for w in (self.value or "").split("|") if re.fullmatch("[a-z]+", w)]
            if "|" in (self.value or "")
            else []
        )


class Command:
    def __init__(self, name, summary, help_text):
        self.name, self.summary, self.help = name, summary, help_text
        self.options, self.subcommands, self.takes_file = {}, [], False
        for name_, value in OPTION.findall(
            re.sub("`[^`]*`", "", help_text)
        ):  # words in backquotes are of other commands
            o = self.options.setdefault(name_, Option(name_, None))
            o.value = o.value or value or None
        if "--faults" in self.options:
            body = help_text.split("--faults LIST")[-1].split("\n  --")[0]
            lists = re.findall(r"^    \w+ +((?:[a-z]+ ?)+)$", body, re.M)
            self.options["--faults"].value = "|".join(["all", "none"] + " ".join(lists).split())
        if "-c" in self.options:
            self.options["-c"].value, self.options["-c"].text = "FILE", "the config file"
        for term, text in items(help_text):
            names = [m[0] for m in OPTION.findall(term)]
            if len(names) == 1:
                self.options[names[0]].text = text
        self.options["--help"] = Option("--help", None)
        self.options["--help"].text = "explains the command"

    def usage(self):
        return [
            line for line in self.help.split("\n") if re.match(r"evenkeel (\S+\|)*%s\b" % self.name, line)
        ]


def items(text):
    """(term, words) of lines such as `  --seed N   what it does`; deeper indented lines go on."""
    out = []
    for line in text.split("\n"):
        m = re.match(r"  (\S.*?) {2,}(\S.*)$", line)
        if m:
            out.append([m.group(1), m.group(2)])
        elif out and re.match(r" {4,}\S", line):
            out[-1][1] += " " + line.strip()
    return [tuple(x) for x in out]


def said(program, *words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True, timeout=20).stdout


def commands(program):
    found, text = {}, said(program, "help")
    for m in re.finditer(r"^  evenkeel ([a-z|]+)(.*)\n((?: {20,}\S.*\n)*)", text, re.M):
        names, rest, more = m.group(1).split("|"), m.group(2), " ".join(m.group(3).split())
        tail = re.search(r" {2,}(\S.*)$", rest)
        summary = more or (tail.group(1) if tail else "")
        usage = rest[: tail.start()] if tail else rest
        for name in names:
            if name in found:
                c = found[name]
            else:
                c = found[name] = Command(name, summary, said(program, name, "--help"))
            sub = re.match(r" ((?:[a-z]+\|)*[a-z]+)(?= |$)", usage)
            c.subcommands += sub.group(1).split("|") if sub else []
            bare = re.sub(r"-[-\w]+ \S+", "", usage)
            c.takes_file = c.takes_file or bool(re.search(r" \[?(FILE|ACCOUNTS\.json)\]?", bare))
    found["help"] = Command("help", "lists the commands", "evenkeel help\n")
    return found


# ---- the shells


def bash(found):
    out = [
        "# bash completion for evenkeel, made by words.py from the program's own help",
        "_evenkeel() {",
        '    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words="" files=""',
        "    COMPREPLY=()",
        '    if [ "$COMP_CWORD" -eq 1 ]; then words="%s"; else' % " ".join(found),
        '    case "${COMP_WORDS[1]} $before" in',
    ]
    for c in found.values():
        for o in c.options.values():
            if o.takes_file:
                out.append('    "%s %s") files=1 ;;' % (c.name, o.name))
            elif o.choices:
                out.append('    "%s %s") words="%s" ;;' % (c.name, o.name, " ".join(o.choices)))
            elif o.value:
                out.append('    "%s %s") return ;;' % (c.name, o.name))
    out += ["    *)", "        case ${COMP_WORDS[1]} in"]
    for c in found.values():
        line = '        %s) words="%s"' % (c.name, " ".join(c.options))
        if c.subcommands:
            line += '; [ "$COMP_CWORD" -eq 2 ] && words="%s $words"' % " ".join(c.subcommands)
            line += " || files=1" if c.takes_file else ""
        elif c.takes_file:
            line += "; files=1"
        out.append(line + " ;;")
    out += [
        "        esac ;;",
        "    esac; fi",
        '    [ -z "$words" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")',
        '    if [ -n "$files" ] && [ "${word#-}" = "$word" ]; then',
        "        compopt -o filenames 2>/dev/null || :",
        '        mapfile -t COMPREPLY < <(compgen -f -- "$word")',
        "    fi",
        "}",
        "complete -F _evenkeel evenkeel",
    ]
    return "\n".join(out) + "\n"


def quoted(text, forbidden=""):
    text = re.sub(r"[`'%s]" % re.escape(forbidden), "", text)
    return text if len(text) < 90 else text[:87].rsplit(" ", 1)[0] + " ..."


def zsh(found):
    out = [
        "#compdef evenkeel",
        "# made by words.py from the program's own help",
        "local -a commands options words",
        "commands=(",
    ]
    out += ["    '%s:%s'" % (c.name, quoted(c.summary, ":")) for c in found.values()]
    out += [
        ")",
        "if (( CURRENT == 2 )); then",
        "    _describe command commands",
        "    return",
        "fi",
        'case "$words[2] $words[CURRENT-1]" in',
    ]
    # `words` is the line that is completed; nothing above may shadow it
    out[2] = "local -a commands options"
    for c in found.values():
        for o in c.options.values():
            key = "'%s %s')" % (c.name, o.name)
            if o.takes_file:
                out.append("%s _files; return ;;" % key)
            elif o.choices:
                out.append("%s compadd -- %s; return ;;" % (key, " ".join(o.choices)))
            elif o.value:
                out.append("%s _message '%s'; return ;;" % (key, o.value))
    out += ["esac", "case $words[2] in"]
    for c in found.values():
        body = [
            "options=(%s)" % " ".join("'%s:%s'" % (o.name, quoted(o.text, ":")) for o in c.options.values())
        ]
        if c.subcommands:
            body.append("(( CURRENT == 3 )) && compadd -- %s" % " ".join(c.subcommands))
        if c.takes_file:
            body.append("%s_files" % ("(( CURRENT > 3 )) && " if c.subcommands else ""))
        out.append("%s) %s ;;" % (c.name, "; ".join(body)))
    out += ["esac", "_describe -o option options"]
    return "\n".join(out) + "\n"


def fish(found):
    out = ["# made by words.py from the program's own help", "complete -c evenkeel -f"]
    for c in found.values():
        out.append(
            "complete -c evenkeel -n __fish_use_subcommand -a %s -d '%s'" % (c.name, quoted(c.summary))
        )
        when = "'__fish_seen_subcommand_from %s'" % c.name
        for s in c.subcommands:
            out.append(
                "complete -c evenkeel -n '__fish_seen_subcommand_from %s; "
                "and not __fish_seen_subcommand_from %s' -a %s" % (c.name, " ".join(c.subcommands), s)
            )
        if c.takes_file:
            out.append(
                "complete -c evenkeel -n %s -F"
                % (
                    "'__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s'"
                    % (c.name, " ".join(c.subcommands))
                    if c.subcommands
                    else when
                )
            )
        for o in c.options.values():
            line = "complete -c evenkeel -n %s %s" % (
                when,
                "-s c -l config" if o.name == "-c" else "-l " + o.name[2:],
            )
            line += (
                " -r -F"
                if o.takes_file
                else " -x -a '%s'" % " ".join(o.choices)
                if o.choices
                else " -x"
                if o.value
                else ""
            )
            out.append(line + (" -d '%s'" % quoted(o.text) if o.text else ""))
    return "\n".join(out) + "\n"


# ---- the man page


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return "\\&" + text if text[:1] in ".'" else text


def man(found):
    out = []
    for c in found.values():
        if c.name == "help":
            continue
        names = c.usage()[0].split()[1] if c.usage() else c.name
        if names != c.name and names.split("|")[0] != c.name:
            continue  # told with the first of its usage line
        out.append(".SS " + roff(names.replace("|", ", ")))
        if not c.usage():  # it has no words of its own
            out.append(roff(c.summary or "Prints the version, the build and the account layouts it knows."))
            continue
        listed, paragraph = False, False
        for line in c.help.rstrip("\n").split("\n"):
            item = re.match(r"  (\S.*?) {2,}(\S.*)$", line)
            use = re.match(r"(evenkeel \S.*?)(?:(?: {2,}|: )(.*))?$", line)
            if use:
                out += [".PP"] * (not out[-1].startswith(".SS")) + [".B " + roff(use.group(1))]
                if use.group(2):
                    out += [".br", roff(use.group(2))]
                listed, paragraph = False, False
            elif item:
                out += [".TP", ".B " + roff(item.group(1)), roff(item.group(2))]
                listed = True
            elif not line.strip():
                listed, paragraph = False, False
            elif listed and re.match(r"    \w", line):
                out += [".br", roff(" ".join(line.split()))]
            elif re.match(r"  \S", line):
                out += [".TP", ".B " + roff(line.strip()), "\\&"]
            else:
                if listed or not paragraph:
                    out.append(".PP")
                out.append(roff(line.strip()))
                listed, paragraph = False, True
    return out


def main():
    kind, program = sys.argv[1], sys.argv[2]
    found = commands(program)
    if kind == "man":
        version = said(program, "version").split()[1]
        day = datetime.datetime.fromtimestamp(
            int(os.environ.get("SOURCE_DATE_EPOCH", time.time())), datetime.timezone.utc
        )
        page = (
            TEMPLATE.read_text()
            .replace("@VERSION@", version)
            .replace("@DATE@", "%s" % day.date())
            .replace("@COMMANDS@\n", "\n".join(man(found)) + "\n")
        )
        print(page, end="")
    else:
        print({"bash": bash, "zsh": zsh, "fish": fish}[kind](found), end="")


if __name__ == "__main__":
    main()
