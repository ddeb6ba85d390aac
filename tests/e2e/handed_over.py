"""handed_over.py FDS PROGRAM ARGUMENT…: runs the program with these descriptors (comma-separated), as systemd does with those of a .socket unit."""

import fcntl
import os
import sys

FIRST = 3  # SD_LISTEN_FDS_START
ASIDE = 100  # above wherever they go

given = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, ASIDE) for fd in sys.argv[1].split(",")]
for number, fd in enumerate(given, FIRST):
    os.dup2(fd, number)
    os.close(fd)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(given))}
os.execv(sys.argv[2], sys.argv[2:])
