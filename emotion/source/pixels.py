"""The pixels of regular rows: decimal numbers 0 to 255 between single spaces, turned into bytes."""

import numpy as np

MARGIN = 3  # spaces before the first number, where the digits before its last one would stand
SPACE = ord(" ")


class PixelReader:
    """Turns the text of several images into their pixels at once.

    The arithmetic runs over all bytes, in uint8, which is what makes it fast: where a number's last digit
    stands, it and the two digits before it give the value. It runs in arrays that are taken once: to get and
    free them for each batch would take longer than the arithmetic.
    """

    def __init__(self, pixels: int, most: int) -> None:
        """Take the memory for a batch.

        Args:
            pixels: of an image.
            most: bytes of all texts of a batch, with one between each and the next.
        """
        size = most + MARGIN + 1
        self._pixels = pixels
        self._bytes = bytearray(size)
        self._text = np.frombuffer(self._bytes, np.uint8)
        self._arrays = np.empty((6, size), np.uint8)

    def read(self, fields: list[bytes]) -> np.ndarray | None:
        """Return the pixels of fields, uint8 (fields, pixels), or None if any field has others than 0 to 255.

        None may also mean that all fields are right but one is irregular (a tab, a leading zero too many), or
        that there is no room for them.
        """
        if sum(map(len, fields)) + len(fields) > len(self._text) - MARGIN:
            return None
        size, begins = self._fill(fields)
        text, (digits, is_digit, hundreds, values, scratch, more) = self._text[:size], self._arrays[:, :size]
        np.subtract(text, np.uint8(ord("0")), out=digits)  # wraps round: only digits come out below 10
        np.less(digits, 10, out=is_digit.view(bool))
        np.equal(text, SPACE, out=scratch.view(bool))
        if np.count_nonzero(is_digit) + np.count_nonzero(scratch) != size:
            return None
        digits *= is_digit

        # From here on entry i of an array is about the byte i + MARGIN
        count = size - MARGIN - 1
        hundreds, values, scratch, more = hundreds[:count], values[:count], scratch[:count], more[:count]
        np.multiply(digits[1:-3], is_digit[2:-2], out=hundreds)  # the digit of the hundreds, or 0
        np.multiply(digits[2:-2], np.uint8(10), out=scratch)
        scratch += digits[3:-1]  # below a hundred
        np.multiply(hundreds, np.uint8(100), out=values)
        values += scratch
        wrong = np.less(values, scratch, out=scratch.view(bool))  # it wrapped round
        wrong |= np.greater(hundreds, 2, out=more.view(bool))
        np.bitwise_and(is_digit[:-4], is_digit[1:-3], out=more)
        more &= is_digit[2:-2]
        wrong |= more.view(bool)  # a fourth digit
        ends = np.greater(is_digit[3:-1], is_digit[4:], out=more.view(bool))
        wrong &= ends
        if wrong.any() or any(
            np.count_nonzero(ends[begin : begin + len(field)]) != self._pixels
            for begin, field in zip(begins, fields, strict=True)
        ):
            return None
        images: np.ndarray = values.take(np.flatnonzero(ends))  # twice as fast as values[ends]
        return images.reshape(len(fields), self._pixels)

    def _fill(self, fields: list[bytes]) -> tuple[int, list[int]]:
        """Put the fields into the text, between spaces; return its size, and where each field begins."""
        self._text[:MARGIN] = SPACE
        begins, end = [], MARGIN
        for field in fields:
            begins.append(end - MARGIN)
            self._bytes[end : end + len(field)] = field
            end += len(field) + 1
            self._text[end - 1] = SPACE
        return end, begins
