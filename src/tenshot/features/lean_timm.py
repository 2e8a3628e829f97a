"""Importing timm without the compiler it does not use here.

Importing timm loads ``torch._dynamo`` only to mark five functions as "do not compile" and to ask, inside one operator
of torchvision, whether compiling is possible. That costs over a second and 150 MB, a fifth of what the whole program
needs, on every start. See docs/decisions/0008-lean-timm-import.md.
"""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["import_timm"]

COMPILER = "torch._dynamo"
COMPILER_UTILS = f"{COMPILER}.utils"
LOCK = threading.Lock()


def import_timm() -> ModuleType:
    """``import timm``, leaving out the compiler unless it is loaded already; the plain import where that fails."""
    with LOCK:
        if "timm" in sys.modules or COMPILER in sys.modules:
            return importlib.import_module("timm")
        before = set(sys.modules)
        try:
            with _stand_ins():
                return importlib.import_module("timm")
        except (AttributeError, ImportError, TypeError):
            # Another timm or torchvision asks the compiler for more: start over and let it have the real one.
            for name in set(sys.modules) - before:
                if name.split(".")[0] in {"timm", "torchvision"}:
                    del sys.modules[name]
            return importlib.import_module("timm")


@contextmanager
def _stand_ins() -> Iterator[None]:
    """The two functions that are asked for while timm loads, under the compiler's name and for that long only."""
    import torch

    compiler, utils = ModuleType(COMPILER), ModuleType(COMPILER_UTILS)
    vars(compiler).update(__path__=[], disable=_unchanged, utils=utils)
    vars(utils).update(is_compile_supported=_is_compile_supported)
    sys.modules.update({COMPILER: compiler, COMPILER_UTILS: utils})
    try:
        yield
    finally:
        for name in (COMPILER, COMPILER_UTILS):
            del sys.modules[name]
        vars(torch).pop("_dynamo", None)


def _unchanged(function: Callable[..., Any], *_: object, **__: object) -> Callable[..., Any]:
    return function


def _is_compile_supported(device_type: Any) -> Any:  # noqa: ANN401 - the compiler's own signature
    return importlib.import_module(COMPILER_UTILS).is_compile_supported(device_type)
