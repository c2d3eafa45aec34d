"""The documents against the program: the config reference is the one the table makes, every gate,
status and ticket state is explained, every test that a document names exists, every link leads somewhere."""

import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md")) + [ROOT / "README.md", ROOT / "SECURITY.md"]


def read(path):
    return (ROOT / path).read_text()


def heads(text):
    """The anchors of a page's headings, as they are made for Markdown on the web."""
    out = []
    for title in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M):
        out.append(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))
    return out


def test_config_reference_is_the_generated_one(sys_core):
    inside, outside = os.pipe()
    with os.fdopen(outside, "wb") as f:
        assert sys_core.config_markdown(f.fileno()) == 0
    with os.fdopen(inside, "rb") as f:
        made = f.read().decode()
    page = read("docs/interface.md")
    pasted = re.search(r"<!-- config table:.*?-->\n(.*?)<!-- end of config table -->", page, re.S).group(1)
    assert made.count("\n") > 30 and pasted == made


def test_every_gate_is_explained():
    enum = read("Sources/Model/Gate.swift").split("package enum GateName")[1].split("/// The sentence")[0]
    gates = set(re.findall(r'return "(\w+)"', enum))
    section = read("docs/interface.md").split("\n## Gates\n")[1].split("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \|", section, re.M)
    assert len(gates) >= 16 and sorted(gates) == sorted(told)


def test_every_status_is_explained():
    source = read("Sources/Model/Status.swift").split("package enum Status")[1].split("exitCode")[0]
    words = re.findall(r'return "(\w+)"', source)
    page = read("docs/interface.md")
    told = re.findall(r"^\| `(\w+)` \|", page.split("| status | meaning |")[1].split("\n\n")[0], re.M)
    assert len(words) == 12 and sorted(words) == sorted(told)
    codes = page.split("\n## Exit codes\n")[1].split("\n## ")[0]
    assert all("`%s`" % w in codes for w in words)


def test_every_ticket_state_is_explained():
    names = re.search(
        r"const char \*ek_ticket_state_name.*?\{(.*?)\}",
        read("CSources/EvenkeelCore/order/ek_ticket.c"),
        re.S,
    ).group(1)
    page = read("docs/order-life.md")
    words = [w for w in re.findall(r'"(\w+)"', names)]
    assert len(words) >= 6
    for word in words:
        assert "`%s`" % word in page, word


def there_are():
    names = set()
    for path in (ROOT / "Tests").rglob("*.py"):
        names |= {
            "%s::%s" % (path.relative_to(ROOT / "Tests"), n)
            for n in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
        }
    for path in (ROOT / "Tests" / "EvenkeelTests").rglob("*.swift"):
        names |= {
            "%s::%s" % (path.relative_to(ROOT / "Tests"), n)
            for n in re.findall(r"^    @Test.*?(?:\n +)?func (\w+)", path.read_text(), re.M)
        }
    for path in [p for part in ("core", "sys") for p in (ROOT / "Tests" / part).rglob("test_*.c")]:
        names |= {
            "%s::%s" % (path.relative_to(ROOT / "Tests"), n)
            for n in re.findall(r"^    RUN\((\w+)\)", path.read_text(), re.M)
        }
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_named_tests_exist(page):
    there = there_are()
    named = re.findall(r"`([\w/]+\.(?:py|c|swift)::\w+)`", page.read_text())
    assert [n for n in named if n not in there] == []
    if page.name == "faults.md":
        assert len(named) > 60


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    text = page.read_text()
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        to = (page.parent / path) if path else page
        assert to.exists(), target
        if anchor:
            assert anchor in heads(to.read_text()), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_named_files_exist(page):
    for name in re.findall(r"`((?:Sources|CSources|Tests|Deploy|docs)/[\w./-]+)`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_every_command_is_told():
    words = set(re.findall(r'word == "(\w+)"', read("Sources/evenkeel/main.swift"))) - {"help"}
    assert len(words) >= 10
    told = " ".join(re.findall(r"^### (.*)$", read("docs/interface.md").split("\n## Exit codes\n")[0], re.M))
    assert [w for w in sorted(words) if not re.search(r"\b%s\b" % w, told)] == []
    table = read("README.md").split("\n## Commands\n")[1].split("\n## ")[0]
    assert [w for w in sorted(words) if not re.search(r"`[^`]*\b%s\b" % w, table)] == []


def test_every_silent_death_is_shown():
    """Each way to stop working names the tests that show who notices;
    the host's own death is nobody's to show here."""
    section = read("docs/operations.md").split("\n## Silent death\n")[1].split("\n## ")[0]
    rows = [
        [c.strip() for c in re.split(r"(?<!\\\\)\|", x)[1:-1]]
        for x in section.splitlines()
        if x.startswith("| ")
    ][1:]
    assert len(rows) > 18
    bare = [r[0] for r in rows if not re.search(r"`[\w/]+\.py::test_\w+`", r[3])]
    assert bare == ["the host or its network dies"]


def test_the_readme_counts_right():
    page = read("README.md")
    assert (
        "(`Tests/core`, `Tests/sys`, %d programs)"
        % len([*(ROOT / "Tests/core").rglob("test_*.c"), *(ROOT / "Tests/sys").rglob("test_*.c")])
        in page
    )
    assert "(`Tests/fuzz`, %d)" % len(list((ROOT / "Tests/fuzz").rglob("fuzz_*.c"))) in page


def test_every_error_name_is_told():
    page = read("docs/venues.md")
    for venue in ("velocity", "drift"):
        names = re.findall(
            r'\{(6\d{3}), "(\w+)"\}', read("CSources/EvenkeelCore/venue/ek_venue_%s.c" % venue)
        )
        assert len(names) > 25
        assert [n for n in names if "%s %s" % n not in page] == []


def test_every_fault_of_the_simulator_is_told():
    source = read("Sources/Simulator/FaultClass.swift")
    names = source.split('names: StaticString = """')[1].split('"""')[0].replace("\\", " ").split()
    section = read("docs/faults.md").split("\n## Faults the simulator throws\n")[1].split("\n## ")[0]
    assert len(names) > 30 and sorted(names) == sorted(re.findall(r"`(\w+)`", section.split("|---|---|")[1]))


def test_the_25_complaints_are_all_there():
    table = read("docs/faults.md").split("\n## Twenty-five complaints\n")[1]
    assert [int(n) for n in re.findall(r"^\| (\d+) \|", table, re.M)] == list(range(1, 26))


def test_every_package_is_in_the_supply_chain():
    """What Tools/deps.sh installs, what Python's requirements name,
    what the shipped program is linked with."""
    page = read("docs/supply-chain.md")
    script = read("Tools/deps.sh")
    packages = {
        w for line in re.findall(r'packages="([^"]*)"', script) for w in line.split() if not w.startswith("$")
    }
    packages |= set(re.search(r"for p in (prometheus[^;]*); do", script).group(1).split())
    assert len(packages) > 30 and [p for p in sorted(packages) if "`%s`" % p not in page] == []
    pinned = re.findall(
        r"^([\w-]+)==", read("Tests/requirements.txt") + "\n" + read("Benchmarks/requirements.txt"), re.M
    )
    assert len(pinned) > 6 and [p for p in pinned if p not in page] == []
    linked = set(re.findall(r'linkedLibrary\("(\w+)"\)', read("Package.swift")))
    loaded = set(
        re.findall(
            r'"lib(\w+)\.so\.\d+"[,\n]',
            read("CSources/EvenkeelSys/net/sys_curl.c") + read("CSources/EvenkeelSys/net/sys_lws.c"),
        )
    )
    assert linked == {"sodium", "jansson", "inih"} and loaded == {"curl", "websockets"}
