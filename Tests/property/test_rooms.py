"""Tools/tidy/c_rooms.py: the C of this tree keeps the direction of its rooms,
and each way of breaking it is found with its place."""

import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE, SYS = "CSources/EvenkeelCore", "CSources/EvenkeelSys"


def rooms(root):
    done = subprocess.run(
        [sys.executable, ROOT / "Tools/tidy/c_rooms.py", root], capture_output=True, text=True
    )
    return done.returncode, done.stdout.splitlines()


def test_this_tree():
    assert rooms(ROOT) == (0, [])


@pytest.mark.parametrize(
    "path,line,said",
    [
        (
            f"{CORE}/base/ek_wide.c",
            '#include "margin/ek_margin.h"',
            'room base comes before margin and must not include "margin/ek_margin.h"',
        ),
        (
            f"{CORE}/text/ek_json.c",
            '#include "../venue/ek_venue_table.h"',
            'room text comes before venue and must not include "../venue/ek_venue_table.h"',
        ),
        (
            f"{CORE}/include/order/ek_order.h",
            '#include "store/ek_record.h"',
            'room order comes before store and must not include "store/ek_record.h"',
        ),
        (
            f"{CORE}/include/store/ek_vault.h",
            '#include "../../base/ek_calc.h"',
            'a public header includes the private "../../base/ek_calc.h"',
        ),
        (
            f"{CORE}/hedge/ek_cost.c",
            '#include "base/sys_clock.h"',
            "EvenkeelCore must not include EvenkeelSys (base/sys_clock.h)",
        ),
        (f"{CORE}/hedge/ek_cost.c", "#include <stdio.h>", "the core must not include <stdio.h>"),
        (f"{CORE}/hedge/ek_cost.c", '#include "ek_nothing.h"', 'no header "ek_nothing.h" in any room'),
        (
            f"{CORE}/hedge/ek_cost.c",
            '#include "EvenkeelCore.h"',
            '"EvenkeelCore.h" is in no room: include the headers that are needed',
        ),
        (
            f"{SYS}/config/sys_url.c",
            '#include "net/sys_http.h"',
            'room config comes before net and must not include "net/sys_http.h"',
        ),
    ],
)
def test_an_include_that_is_not_allowed(tmp_path, path, line, said):
    shutil.copytree(ROOT / "CSources", tmp_path / "CSources")
    file = tmp_path / path
    file.write_text(line + "\n" + file.read_text())
    assert rooms(tmp_path) == (1, [f"{path}:1: {said}"])


def test_files_and_umbrella(tmp_path):
    shutil.copytree(ROOT / "CSources", tmp_path / "CSources")
    (tmp_path / CORE / "drawer").mkdir()
    (tmp_path / CORE / "drawer/ek_any.c").write_text("")
    (tmp_path / SYS / "include/net/sys_new.h").write_text("")
    code, found = rooms(tmp_path)
    assert code == 1 and found == [
        (
            f"{CORE}/drawer/ek_any.c:1: in no room of EvenkeelCore (base, text, solana, venue, snapshot, "
            "margin, hedge, order, store, signer)"
        ),
        f'{SYS}/include/EvenkeelSys.h:1: "net/sys_new.h" is missing in the umbrella header',
    ]
