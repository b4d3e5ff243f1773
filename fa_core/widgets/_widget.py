"""The one base of all widgets: live through anywidget, still alive on a page without a kernel.

In a running notebook anywidget mounts the widget's ES module and synchronises its traits. When the
saved notebook becomes a static page, the same output also holds an HTML form: the same module, the
state at the time of display, and a few lines (``mount.js``) that hand the one to the other. It
needs no kernel, no widget manager, no other file, and works from ``file://``.
"""

from __future__ import annotations

import base64
import hashlib
import html
import sys
from abc import abstractmethod
from typing import Any, ClassVar

import anywidget
import numpy as np
from numpy.typing import ArrayLike

from fa_core.widgets._joining import join, read, script_json

_HTML = """<div class="wd-host wd-kind-{kind}" data-wd-widget="{key}">
<p class="wd-fallback">{fallback}</p>
<script type="application/json">{payload}</script>
<script type="module">
{module}
mount("{key}", render);
</script>
</div>"""


class Widget(anywidget.AnyWidget):
    """A widget whose subclasses name an ES module (``_module``) and style sheets (``_styles``)."""

    _module: ClassVar[str]
    _styles: ClassVar[tuple[str, ...]] = ("base.css",)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "_module" in cls.__dict__:  # traitlets makes subclasses of its own, which inherit these
            cls._esm = join(cls._module)
            cls._css = "\n".join(read(name) for name in cls._styles)
        super().__init_subclass__(**kwargs)

    @abstractmethod
    def description(self) -> str:
        """What the widget shows, in words, for a reader who cannot run it."""

    def state(self) -> dict[str, Any]:
        """The traits that the ES module reads, by name."""
        own = set(self.trait_names(sync=True)) - set(Widget.class_trait_names())
        return {name: getattr(self, name) for name in sorted(own) if not name.startswith("_")}

    def to_html(self) -> str:
        """The widget as an HTML fragment that runs by itself, in its present state."""
        payload = script_json({"css": self._css, "state": _jsonable(self.state())})
        module = join("mount.js", self._module)
        key = hashlib.sha256((module + payload).encode()).hexdigest()[:16]
        fallback = html.escape(self.description())
        kind = type(self).__name__
        return _HTML.format(kind=kind, key=key, fallback=fallback, payload=payload, module=module)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        # Colab shows one form alone, and there that must be the live one.
        if bundle is None or "google.colab" in sys.modules:
            return bundle
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": self.description(), "text/html": self.to_html()}, metadata


def pack(array: ArrayLike, kind: str = "int16") -> dict[str, Any]:
    """Packs an array for ``unpack`` in ``arrays.js``.

    ``int16`` and ``int8`` are fixed point: each number is kept to half a part in 32,767 or 127 of
    the largest. ``uint8`` and ``float32`` keep numbers as they are.
    """
    array = np.asarray(array)
    scale = 1.0
    if kind in ("int8", "int16"):
        scale = float(np.abs(array).max(initial=0.0)) / np.iinfo(kind).max or 1.0
        array = np.round(array / scale)
    data = np.ascontiguousarray(array, dtype=np.dtype(kind).newbyteorder("<")).tobytes()
    return {"kind": kind, "shape": list(array.shape), "scale": scale, "data": data}


def _jsonable(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    return value
