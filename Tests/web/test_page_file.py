"""The page that the program carries is made of the page that was written, and it needs nothing else."""

import gzip
import importlib.util
import re

from conftest import ROOT

SOURCE = (ROOT / "Web" / "page.html").read_bytes()


def maker():
    spec = importlib.util.spec_from_file_location("page", ROOT / "Tools" / "page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def carried():
    """The committed file, and the page in it."""
    text = maker().OUT.read_text()
    numbers = re.search(r"web_page_gz\[\] = \{(.*?)\};", text, re.S).group(1)
    packed = bytes(int(x) for x in numbers.replace("\n", "").strip(",").split(","))
    assert "web_page_gz_len = %d;" % len(packed) in text
    return text, gzip.decompress(packed).decode()


def test_the_program_carries_this_page():
    assert carried()[0] == maker().make(SOURCE), "run `make page`"


def test_its_policy_is_its_own():
    text, page = carried()
    policy = "".join(
        re.findall(r'^    "(.*?)";?$', text.split("web_page_csp[] =")[1].split("web_page_gz_len")[0], re.M)
    )
    assert policy == maker().policy(page) and "script-src 'sha256-" in policy


def test_minified_it_says_what_was_written():
    """Every text that a person meets is in both; the one that is carried is a good deal smaller."""
    source, page = SOURCE.decode(), carried()[1]
    words = set(re.findall(r"'([A-Z][a-z]+ [^'\n]{8,}?)'", source)) | set(
        re.findall(r">([A-Z][^<>\n{}=]{3,})<", source)
    )
    assert len(words) > 40 and [w for w in words if w.strip() not in page] == []
    assert len(page) < 0.7 * len(source)


def test_small_and_self_contained():
    for page in (SOURCE.decode(), carried()[1]):
        assert len(page.encode()) < 100_000
        assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|https://explorer\.solana\.com)[^"']""", page)
        assert not re.findall(
            r"@import|url\(|\bon\w+=\"|style=\"|innerHTML|eval\(|document\.write|insertAdjacentHTML", page
        )
