"""Become an ordinary user and run a command: `as_user.py ID COMMAND…`, for tests that run as real root.

Python may lie where only root can go (below /root), so such folders are laid open in a mount namespace of our own.
"""

import os
import sys
from pathlib import Path

import course
from course.runtime import linux


def lay_open(needed: list[Path]) -> None:
    """Let everyone pass to the folders needed, through ancestors that now stop them."""
    linux.unshare(linux.NEW_NAMESPACES["mount"])
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    closed: dict[Path, list[Path]] = {}
    for folder in needed:
        for ancestor in reversed(folder.parents):
            if not ancestor.stat().st_mode & 0o001:
                closed.setdefault(ancestor, []).append(folder)
                break
    for ancestor, folders in closed.items():
        trees = {folder: linux.clone_tree(str(folder), 0) for folder in folders}
        linux.mount("tmpfs", str(ancestor), "tmpfs", 0, "mode=755")
        for folder, tree in trees.items():
            folder.mkdir(parents=True, exist_ok=True)
            linux.attach_tree(tree, str(folder))
            os.close(tree)


def main() -> None:
    """See above."""
    user = int(sys.argv[1])
    checkout = Path(course.__file__).resolve().parents[1]
    lay_open([Path(path).resolve() for path in {sys.prefix, sys.base_prefix, str(checkout)}])
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.chdir("/")
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
