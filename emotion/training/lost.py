"""What a process says when another one that trains with it is lost.

JAX then ends the process from C++, with a page of text on standard error, and Python cannot see it coming.
So standard error passes through this program, which imports nothing of the project.
"""

import re
import sys

FATAL = re.compile(r"^F\d{4} .*distributed service detected fatal errors")
LEADER = re.compile("leader task|coordination service")
TASK = re.compile(r"task:(\d+)")
NOISE = re.compile(r"^[EWI]\d{4} .*(coordination|distributed)|^Additional GRPC error|^:UNKNOWN:")


def lost(rank: str) -> str:
    """Return the message about a lost process; `rank` is '' where it is not known which one it is."""
    name = f"process {rank}" if rank else "another process"
    return f"{name} of this training is lost; start all again: they go on after the last whole epoch"


def who(fatal: str) -> str:
    """Return the rank of the lost process by JAX's last words, '' where they do not say."""
    task = TASK.search(fatal)
    return task[1] if task else "0" if LEADER.search(fatal) else ""


def main() -> None:
    """Copy standard input to standard output until an error: its line is the last."""
    ended = False
    for line in sys.stdin:
        if FATAL.search(line):
            line = f"error: {lost(who(line))}\n"
        if not ended and not NOISE.search(line):
            sys.stdout.write(line)
            sys.stdout.flush()
        ended = ended or line.startswith("error: ")


if __name__ == "__main__":
    main()
