"""without_ipv6.py PROGRAM ARGUMENT…: runs the program as on a kernel booted with ipv6.disable=1, where no IPv6 socket can be made. A seccomp filter
says so in the kernel's stead; it stays for the program and its children. Exits with 77 where that cannot be had."""

import ctypes
import errno
import os
import platform
import struct
import sys

SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
AF_INET6 = 10
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_AT, FIRST_ARGUMENT_AT = 0, 16


def program(call):
    """socket(AF_INET6, …) → EAFNOSUPPORT, all else as ever."""
    steps = [
        (LOAD, 0, 0, NUMBER_AT),
        (JUMP_IF_EQUAL, 0, 3, call),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (JUMP_IF_EQUAL, 0, 1, AF_INET6),
        (RETURN, 0, 0, RET_ERRNO | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, RET_ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps), len(steps)


def forbid(call):
    libc = ctypes.CDLL(None, use_errno=True)
    code, steps = program(call)
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("@HP", steps, ctypes.addressof(buffer))
    done = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(header), 0, 0) == 0
    return done


if __name__ == "__main__":
    if platform.machine() not in SOCKET_CALL or not forbid(SOCKET_CALL[platform.machine()]):
        sys.exit(77)
    os.execv(sys.argv[1], sys.argv[1:])
