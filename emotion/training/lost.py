"""What a process says when another one that trains with it is lost.

JAX then ends the process from C++, with a page of text on standard error, and Python cannot see it coming.
So standard error passes through this program, which imports nothing of the project.
"""

import re
import sys

SILENT = "(stopped sending heartbeats):"  # the ranks stand in the next line
FATAL = re.compile(r"^F\d{4} .*distributed service detected fatal errors")
FIRST = re.compile("leader task|Deadline Exceeded")  # process 0, where the service runs, does not answer
NOISE = re.compile(r"^[EWI]\d{4} .*(coordination|distributed)|^Additional GRPC error|^:UNKNOWN:|^RPC: /")


def lost(rank: str) -> str:
    """Return the message about a lost process; `rank` is '' where it is not known which one it is."""
    name = f"process {rank}" if rank else "another process"
    return f"{name} of this training is lost; start all again: they go on after the last whole epoch"


def main() -> None:
    """Copy standard input to standard output until an error: its line is the last."""
    ended = False
    for line in sys.stdin:
        if SILENT in line:
            line = f"error: {lost(' and '.join(re.findall('[0-9]+', next(sys.stdin, ''))))}\n"
        elif FATAL.search(line):
            line = f"error: {lost('0' if FIRST.search(line) else '')}\n"
        if not ended and not NOISE.search(line):
            sys.stdout.write(line)
            sys.stdout.flush()
        ended = ended or line.startswith("error: ")


if __name__ == "__main__":
    main()
