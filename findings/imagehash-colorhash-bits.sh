#!/bin/sh
# ImageHash: colorhash writes half and three quarters of a colour with the same bits, and more bits do not help.
#
# ImageHash 4.3.2 with Pillow 13.0.0. Of each colour colorhash writes, in binbits bits (3 by default), how much
# of the picture it fills. From half on the bits are wrong: 4 of 8 parts are written 110, as 6 are, and 5 are
# written 111, as 7 are. A picture that is black by half then has the same bits for black as one that is black
# by three quarters. With binbits=8, which should tell 256 amounts apart, 44 are left.
# One would expect the numbers in binary, 4 as 100: "the first binbits encode the black fraction of the image".
#
# Seen, for black over grey, from 0 to 7 eighths, and from 0 to 255 parts of 256:
#   3 bits: 000 001 010 011 110 111 110 111
#   bits that differ between 4 and 6 eighths, and between 5 and 7: [0, 0]
#   8 bits: 44 of 256 amounts told apart
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet imagehash==4.3.2 pillow==13.0.0 numpy==2.4.6
export HOME="$work"

cd "$work"
venv/bin/python - <<'END'
import imagehash
import numpy as np
from PIL import Image


def black(parts, bits):
    """The bits that colorhash has for black, if so many parts of 2 ** bits are black and the rest is grey."""
    picture = np.full((2**bits, 48), 128, "uint8")
    picture[:parts] = 0
    return imagehash.colorhash(Image.fromarray(picture), binbits=bits).hash[0]


def same(what, now, seen):
    print(f"{what}: {now}")
    if now != seen:
        raise SystemExit(f"no longer so; seen was: {seen}")


codes = ["".join(str(int(bit)) for bit in black(parts, 3)) for parts in range(8)]
same("3 bits", " ".join(codes), "000 001 010 011 110 111 110 111")
differ = [int((black(one, 3) != black(other, 3)).sum()) for one, other in ((4, 6), (5, 7))]
same("bits that differ between 4 and 6 eighths, and between 5 and 7", differ, [0, 0])
told_apart = len({tuple(black(parts, 8)) for parts in range(256)})
same("8 bits", f"{told_apart} of 256 amounts told apart", "44 of 256 amounts told apart")
END
