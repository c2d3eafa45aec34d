#!/usr/bin/env python3
"""Cross-builds the Embedded program for 64-bit ARM: cross.py arm64 OUTPUT

SwiftPM is not used: it has no SDK for this pair. Targets, their order and their flags are Package.swift's
(Tools/package.py). The toolchain's own clang compiles the C and links with lld against Debian's arm64
libraries, unpacked into build/ (Tools/sysroot.sh); swiftc compiles the Swift for the bare processor, which
is the only arm64 that the toolchain has an Embedded standard library for."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

import package

ROOT = package.ROOT
WORK = ROOT / "build" / "arm64"
SYSROOT = ROOT / "build" / "sysroot-arm64"
LIBRARIES = ["libsodium-dev", "libcurl4-openssl-dev", "libjansson-dev", "libwebsockets-dev", "libinih-dev"]
C_TARGET = ["--target=aarch64-linux-gnu", "--sysroot=%s/root" % SYSROOT]
# What SwiftPM itself adds in a release build.
C_RELEASE = ["-O2", "-g", "-fPIC", "-fno-omit-frame-pointer"]
SWIFT_RELEASE = ["-O", "-g", "-swift-version", "5", "-package-name", package.PROGRAM]


def run(*words, **given):
    words = [str(w) for w in words]
    if subprocess.run(words, cwd=ROOT, **given).returncode != 0:
        raise SystemExit("cross.py: failed: " + " ".join(words))


def compile_c(clang, target, includes):
    """The objects of a C target, as many at a time as there are processors."""

    def one(source):
        out = WORK / "o" / target.name / source.relative_to(target.folder).with_suffix(".o")
        out.parent.mkdir(parents=True, exist_ok=True)
        run(clang, *C_TARGET, *C_RELEASE, *includes, *target.flags["c"], "-c", source, "-o", out)
        return out

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, target.c))


def module_maps(targets):
    """The module map of each C target: its own, or, as SwiftPM makes it, one of its umbrella header."""
    out = []
    for t in targets:
        path = t.folder / "include" / "module.modulemap"
        if not path.exists():
            path = WORK / "m" / (t.name + ".modulemap")
            path.write_text(
                'module %s { umbrella header "%s/include/%s.h" export * }\n' % (t.name, t.folder, t.name)
            )
        out.append("-fmodule-map-file=%s" % path)
    return out


def compile_swift(target, includes, modules):
    """The object of a Swift target; its interface goes to where the next ones look for it."""
    out = WORK / "o" / (target.name + ".o")
    headers = SYSROOT / "root" / "usr" / "include"
    for_c = [
        *includes,
        *modules,
        "--sysroot=%s/root" % SYSROOT,
        "-isystem",
        headers,
        "-isystem",
        headers / "aarch64-linux-gnu",
    ]
    library = [] if any(p.name == "main.swift" for p in target.swift) else ["-parse-as-library"]
    run(
        "swiftc",
        "-target",
        "aarch64-none-none-elf",
        "-module-name",
        target.name,
        *SWIFT_RELEASE,
        *target.flags["swift"],
        *library,
        *(w for flag in for_c for w in ("-Xcc", flag)),
        "-I",
        WORK / "m",
        "-emit-module-path",
        WORK / "m" / (target.name + ".swiftmodule"),
        "-emit-object",
        *target.swift,
        "-o",
        out,
    )
    return out


def main():
    if len(sys.argv) != 3 or sys.argv[1] != "arm64":
        raise SystemExit("usage: cross.py arm64 OUTPUT")
    output = pathlib.Path(sys.argv[2])
    run("bash", "Tools/deps.sh", "cross")
    run("bash", "Tools/sysroot.sh", "arm64", "build/sysroot-arm64", *LIBRARIES)
    for folder in ("o", "m"):
        shutil.rmtree(WORK / folder, ignore_errors=True)
        (WORK / folder).mkdir(parents=True)
    clang = pathlib.Path(shutil.which("swiftc")).resolve().with_name("clang")
    targets = package.of_program(package.load())
    in_c = [t for t in targets if t.c]
    includes = ["-I%s/include" % t.folder for t in in_c]
    modules = module_maps(in_c)
    objects = [o for t in in_c for o in compile_c(clang, t, includes)]
    objects += [compile_swift(t, includes, modules) for t in targets if t.swift]
    gcc = subprocess.run(
        ["aarch64-linux-gnu-gcc", "-print-libgcc-file-name"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    link = [flag.replace("-use-ld=", "-fuse-ld=") for t in targets for flag in t.flags["linker"]]
    run(
        clang,
        *C_TARGET,
        "--gcc-install-dir=%s" % pathlib.Path(gcc.strip()).parent,
        "-pie",
        "-static-libgcc",
        "-o",
        WORK / package.PROGRAM,
        *objects,
        *link,
        "-lm",
    )
    new = output.with_name(output.name + ".new")
    run("aarch64-linux-gnu-strip", "-s", "-R", ".comment", "-o", new, WORK / package.PROGRAM)
    new.rename(output)


if __name__ == "__main__":
    main()
