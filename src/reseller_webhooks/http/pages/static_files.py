"""Static files: read once, named by a hash of their contents, cached for ever.

One hash names the whole tree, because modules name each other by relative paths.
"""

import hashlib
import mimetypes
from pathlib import Path

from starlette.responses import Response

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Statics:
    """Every file under `directory`, in memory: there are few, and none can be asked for outside."""

    def __init__(self, directory: Path) -> None:
        files = sorted(path for path in directory.rglob("*") if path.is_file())
        self._files = {str(path.relative_to(directory)): path.read_bytes() for path in files}
        self.version = _hash(self._files)

    def url(self, name: str) -> str:
        """The address of a file. KeyError for an unknown file, so that no page can misspell it."""
        self._files[name]
        return f"/static/{self.version}/{name}"

    def response(self, version: str, name: str) -> Response | None:
        """The file; one asked for by an older page's version is not to be kept."""
        body = self._files.get(name)
        if body is None:
            return None
        keep = FOREVER if version == self.version else ASK_AGAIN
        return Response(body, media_type=_type(name), headers={"cache-control": keep})


def _hash(files: dict[str, bytes]) -> str:
    whole = hashlib.blake2b(digest_size=8)
    for name, body in files.items():
        whole.update(f"{name}\0{len(body)}\0".encode() + body)
    return whole.hexdigest()


def _type(name: str) -> str:
    suffix = Path(name).suffix
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
