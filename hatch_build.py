"""Compiles the core of the pack walk (native/packwalk.c) where a compiler is; without one the
package is built all the same, and works in Python. SHADOW_AI_NATIVE=0 leaves it out.

libdeflate is used where its header is found, as it inflates about twice as fast, else zlib.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SOURCE = "native/packwalk.c"
_TARGET = "scanner/kit/git"


class CoreBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if self.target_name != "wheel" or os.environ.get("SHADOW_AI_NATIVE") == "0":
            return
        try:
            made = _compiled(root / _SOURCE)
        except Exception as error:  # whatever a foreign compiler runs into
            self.app.display_warning(f"the compiled core was not built ({error}); Python is used")
            return
        target = root / _TARGET / made.name
        target.unlink(missing_ok=True)  # a running process may have the old one open
        shutil.move(made, target)
        build_data["artifacts"].append(f"{_TARGET}/{made.name}")
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{platform}"


def _compiled(source: Path) -> Path:
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    folder = Path(tempfile.mkdtemp())
    with_deflate = _has_deflate(folder)
    extension = Extension(
        "_packwalk",
        [str(source)],
        py_limited_api=True,
        define_macros=[("HAVE_LIBDEFLATE", "1")] if with_deflate else [],
        libraries=["deflate" if with_deflate else "z"],
        extra_compile_args=[] if sys.platform == "win32" else ["-O2"],
    )
    command = build_ext(Distribution({"name": "packwalk", "ext_modules": [extension]}))
    command.build_lib = str(folder / "lib")
    command.build_temp = str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return next((folder / "lib").glob("_packwalk*"))


def _has_deflate(folder: Path) -> bool:
    from setuptools._distutils.ccompiler import new_compiler
    from setuptools._distutils.errors import CompileError, LinkError
    from setuptools._distutils.sysconfig import customize_compiler

    probe = folder / "probe.c"
    probe.write_text(
        "#include <libdeflate.h>\nint main(void) { return libdeflate_zlib_decompress_ex == 0; }\n"
    )
    compiler = new_compiler()
    customize_compiler(compiler)
    try:
        objects = compiler.compile([str(probe)], output_dir=str(folder))
        compiler.link_executable(objects, str(folder / "probe"), libraries=["deflate"])
    except (CompileError, LinkError):
        return False
    return True
