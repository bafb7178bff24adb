"""Git LFS: files whose content is elsewhere.

Owns telling which pointers hide something that would have been read. Pointers of weights are read
as such by the detector; those of pictures, films and the like hide nothing that it looks at.
Follows https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

from scanner.model.items import Gap

_HEAD = b"version https://git-lfs.github.com/spec/v1\n"
_MOST_BYTES = 1024
_BINARY = (
    ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ico", ".icns", ".heic",
    ".psd", ".xcf", ".exr", ".hdr", ".tga", ".dds", ".mp3", ".wav", ".ogg", ".flac", ".m4a",
    ".aac", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".fbx", ".blend", ".glb", ".stl", ".uasset",
    ".umap", ".ttf", ".otf", ".woff", ".woff2", ".pdf", ".exe", ".dll", ".so", ".dylib", ".a",
    ".lib", ".pdb", ".bin", ".dat", ".iso", ".dmg", ".safetensors", ".gguf", ".ggml", ".onnx",
    ".pt", ".pth", ".ckpt", ".tflite", ".mlmodel", ".keras", ".h5", ".hdf5", ".pb", ".npy",
    ".parquet", ".arrow", ".feather", ".rds", ".rdata", ".sqlite", ".db", ".pkl", ".pickle",
    ".joblib", ".msgpack", ".model", ".pdparams", ".ftz", ".npz", ".mar", ".las", ".tfevents",
)  # fmt: skip
"""Of what this is the name, only name and first bytes are ever looked at."""


def hides_text(path: str, data: bytes) -> bool:
    """Whether this file is a pointer to what may be text or an archive."""
    return (
        len(data) <= _MOST_BYTES and data.startswith(_HEAD) and not path.lower().endswith(_BINARY)
    )


class Pointers:
    """Those of one tree: one gap."""

    def __init__(self) -> None:
        self._first = ""
        self._count = 0

    def see(self, path: str, data: bytes) -> None:
        if hides_text(path, data):
            self._first = self._first or path
            self._count += 1

    def gap(self) -> list[Gap]:
        if not self._count:
            return []
        more = f" (and {self._count - 1} more)" if self._count > 1 else ""
        reason = f"a Git LFS pointer{more}: the content is not here; `git lfs pull`, or `exclude`"
        return [Gap(what=self._first, reason=reason)]
