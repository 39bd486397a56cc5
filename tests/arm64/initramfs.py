"""Writes an initramfs: a cpio archive of the form newc, which the kernel unpacks into its first root
file system. No root and no program is needed: owners, modes and devices are written as they shall be.
"""

import os
import stat


class Initramfs:
    def __init__(self):
        self.entries = {}  # path without a leading / -> (mode, content or the file that has it, device)
        for folder in ("dev", "proc", "sys", "tmp", "run", "root"):
            self.folder(folder)
        self.entries["tmp"] = (stat.S_IFDIR | 0o1777, b"", (0, 0))
        self.entries["dev/console"] = (stat.S_IFCHR | 0o600, b"", (5, 1))
        self.entries["dev/null"] = (stat.S_IFCHR | 0o666, b"", (1, 3))

    def folder(self, path):
        path = path.strip("/")
        if path and path not in self.entries:
            self.folder(os.path.dirname(path))
            self.entries[path] = (stat.S_IFDIR | 0o755, b"", (0, 0))

    def text(self, path, content, mode=0o644):
        self.folder(os.path.dirname(path))
        self.entries[path.strip("/")] = (stat.S_IFREG | mode, content.encode(), (0, 0))

    def file(self, source, path):
        """A file or a link of this machine, at `path`."""
        self.folder(os.path.dirname(path))
        mode = os.lstat(source).st_mode
        if stat.S_ISLNK(mode):
            self.entries[path.strip("/")] = (stat.S_IFLNK | 0o777, os.readlink(source).encode(), (0, 0))
        else:
            self.entries[path.strip("/")] = (stat.S_IFREG | stat.S_IMODE(mode), source, (0, 0))

    def tree(self, source, path, wanted=lambda name: True):
        """A folder with what is in it, but for what is not wanted (its path within the folder)."""
        for at, folders, files in os.walk(source):
            inside = os.path.relpath(at, source)
            name_of = lambda name: os.path.normpath(os.path.join(inside, name))
            links = [name for name in folders if os.path.islink(os.path.join(at, name))]
            folders[:] = sorted(name for name in folders if name not in links and wanted(name_of(name)))
            for name in sorted(files + links):
                if wanted(name_of(name)):
                    self.file(os.path.join(at, name), os.path.join(path, name_of(name)))
            for name in folders:
                self.folder(os.path.join(path, name_of(name)))

    def write(self, path):
        with open(path, "wb") as archive:
            names = sorted(self.entries)
            for number, name in enumerate(names, 1):
                mode, content, device = self.entries[name]
                if isinstance(content, str):
                    with open(content, "rb") as file:
                        content = file.read()
                self.record(archive, number, name, mode, content, device)
            self.record(archive, 0, "TRAILER!!!", 0, b"", (0, 0))

    @staticmethod
    def record(archive, number, name, mode, content, device):
        name = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
        archive.write(b"070701" + b"".join(b"%08X" % field for field in fields) + name)
        archive.write(b"\0" * (-(110 + len(name)) % 4) + content + b"\0" * (-len(content) % 4))
