"""A shell at a terminal of its own: what comes on stdin is typed, what the terminal shows goes to stdout."""

import pty

pty.spawn(["bash", "--noprofile", "--norc", "--noediting"])
