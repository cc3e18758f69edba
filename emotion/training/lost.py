"""What a process says when another one that trains with it is lost.

JAX then ends the process from C++, with a page of text on standard error, and Python cannot see it coming.
So standard error passes through this program, which imports nothing of the project.
"""

import re
import sys

SILENT = re.compile(r"stopped sending heartbeats\):\n([\d, ]+)")  # the ranks stand in the next line
FIRST = re.compile("leader task|Deadline Exceeded")  # process 0, where the service runs, does not answer
LAST_WORDS = re.compile(r"stopped sending heartbeats|^F\d{4} .*distributed service detected fatal errors")
NOISE = re.compile(r"^E\d{4} .*coordination_service|^Additional GRPC error|^:UNKNOWN:|^ \[type\.")


def lost(rank: str) -> str:
    """Return the message about a lost process; `rank` is '' where it is not known which one it is."""
    name = f"process {rank}" if rank else "another process"
    return f"{name} of this training is lost; start all again: they go on after the last whole epoch"


def message(text: str) -> str:
    """Return in a line what JAX's last words say."""
    if "RegisterTask" in text:
        return (
            "not all processes of this training have come: start each with the same KERAS_DISTRIBUTION_* but "
            "for its _PROCESS_ID, where it can reach the address of process 0"
        )
    if found := SILENT.search(text):
        return lost(" and ".join(re.findall(r"\d+", found[1])))
    return lost("0" if FIRST.search(text) else "")


def main() -> None:
    """Copy standard input to standard output, up to an error of the project's or JAX's last words."""
    ended = False
    for line in sys.stdin:
        if not ended and LAST_WORDS.search(line):
            line = f"error: {message(line + sys.stdin.read())}\n"
        if not ended and not NOISE.search(line):
            sys.stdout.write(line)
            sys.stdout.flush()
        ended = ended or line.startswith("error: ")


if __name__ == "__main__":
    main()
