"""Texts of other people's objects, fit for a terminal, a log or a message. Pure.

Names and messages may hold line breaks, escape sequences of terminals, marks that reverse the
direction of writing, or halves of characters, which no encoding can write.
"""


def printable(text: str) -> str:
    """Replace what a terminal would act upon, or UTF-8 cannot hold, by blanks; keeps newlines."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else " " for c in text)


def one_line(text: str) -> str:
    """Replace line breaks as well, for what is one line or one item of a list."""
    return printable(text).replace("\n", " ")


def clipped(text: str, most: int) -> str:
    """Return at most so many characters of a text, and dots for the others."""
    return text if len(text) <= most else f"{text[:most]}..."
