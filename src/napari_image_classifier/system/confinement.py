"""Confinement of processes that open only what a stranger sent, and give only answers.

Linux takes from such a process, before it loads any library, what it never needs: writing and
deleting files, starting programs, reaching a network or other processes (Landlock and seccomp, for
which nobody needs any rights). Elsewhere, and on older kernels, it runs as any other.
"""

import ctypes
import os
import platform
import struct
import sys
from contextlib import suppress
from importlib import import_module

from napari_image_classifier.system.processes import SHARE_OF_MEMORY, be_ended_first

# From linux/prctl.h, linux/landlock.h, linux/seccomp.h and linux/bpf_common.h. The numbers of
# Landlock's system calls are the same on all processors.
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_FOR_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE = 1 << 0, 1 << 1
# Removing, making and linking; moving is known from version 2 on, changing a length from 3.
_CHANGES, _MOVE, _TRUNCATE = sum(1 << bit for bit in range(4, 13)), 1 << 13, 1 << 14
_TCP = 0b11
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13
_OTHER_NUMBERS = 0x40000000
# By processor what the kernel calls it, and the numbers of socket, execve, execveat, ptrace,
# process_vm_writev and io_uring_setup, which opens sockets, too.
_CALLS = {
    "x86_64": (0xC000003E, (41, 59, 322, 101, 311, 425)),
    "aarch64": (0xC00000B7, (198, 221, 281, 117, 271, 425)),
}


def main() -> None:
    """Confine this process, then do what the module does that is named on the command line."""
    confine()
    import_module(sys.argv[1]).main()


def confine() -> None:
    """Take from this process, and from the threads it starts from now on, what it never needs."""
    be_ended_first()
    if sys.platform != "win32":
        _limit_resources()
    if sys.platform == "linux":
        # What a kernel does not know, or a container forbids, is told by an error code, and left.
        if _called("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            _forbid_changes()
            _forbid_calls()


if sys.platform != "win32":

    def _limit_resources() -> None:
        """Set limits of memory, beyond which an image is too large, and of memory dumps."""
        import resource

        with suppress(OSError, ValueError):
            memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
            limits = {
                resource.RLIMIT_CORE: 0,
                resource.RLIMIT_DATA: int(SHARE_OF_MEMORY * memory),
            }
            for kind, most in limits.items():
                soft, hard = resource.getrlimit(kind)
                if soft == resource.RLIM_INFINITY or soft > most:
                    resource.setrlimit(kind, (most, hard))


def _forbid_changes() -> None:
    """Forbid writing, removing and running files, TCP, and signals to others (Landlock)."""
    version = _called("syscall", _CREATE_RULESET, None, 0, _ASK_FOR_VERSION)
    if version < 1:
        return
    changes = _EXECUTE | _WRITE_FILE | _CHANGES
    changes |= (_MOVE if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    others = (_TCP if version >= 4 else 0, _SIGNALS_AND_ABSTRACT_SOCKETS if version >= 6 else 0)
    asked = struct.pack("=3Q", changes, *others)
    rules = _called("syscall", _CREATE_RULESET, asked, len(asked), 0)
    if rules < 0:
        return
    with suppress(OSError):
        nothing = os.open(os.devnull, os.O_PATH | os.O_CLOEXEC)
        but = struct.pack("=Qi", _WRITE_FILE, nothing)
        _called("syscall", _ADD_RULE, rules, _PATH_BENEATH, but, 0)
        os.close(nothing)
    _called("syscall", _RESTRICT_SELF, rules, 0)
    os.close(rules)


def _forbid_calls() -> None:
    """Forbid sockets of all kinds, and running and changing other processes (seccomp)."""
    if platform.machine() not in _CALLS:
        return
    processor, calls = _CALLS[platform.machine()]
    # Of a jump, how many lines are passed over if so, and if not. Refused, on the last line, are
    # calls of other numbering, and those listed.
    program = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 0, len(calls) + 3, processor),
        (_LOAD, 0, 0, 0),
        (_JUMP_AT_LEAST, len(calls) + 1, 0, _OTHER_NUMBERS),
        *((_JUMP_EQUAL, len(calls) - number, 0, call) for number, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    lines = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    filtered = struct.pack("@HP", len(program), ctypes.addressof(lines))
    _called("prctl", _SET_SECCOMP, _FILTER, filtered, 0, 0)


def _called(function: str, *arguments: int | bytes | None) -> int:
    """Call a function of the C library that takes any number of whole words."""
    words = (ctypes.c_long(one) if isinstance(one, int) else one for one in arguments)
    result: int = ctypes.CDLL(None)[function](*words)
    return result


if __name__ == "__main__":
    main()
