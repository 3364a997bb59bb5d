"""Content types by a file's name; the same on every machine."""

import mimetypes

TYPES = mimetypes.MimeTypes(filenames=())  # not the machine's /etc/mime.types
for ending, name in {
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}.items():
    TYPES.add_type(name, ending)
COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}


def content_type(path):
    """A compressed file stays one: no Content-Encoding is set, so nobody unpacks it on the way."""
    name, encoding = TYPES.guess_type("file:" + path.replace("?", "_").replace("#", "_"))
    if encoding:
        return COMPRESSED.get(encoding, "application/octet-stream")
    return name or "application/octet-stream"
