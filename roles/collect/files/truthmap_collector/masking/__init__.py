"""Masking free text at the source, by allow-list: what is not known to be harmless does not leave.

Kept are numbers, times, addresses, paths, option names, plain words and the identifiers the caller
names, with the words they are made of; everything else becomes `<masked:LENGTH>`, LENGTH in
characters. What follows a name such as `password` is masked whatever it looks like.
"""

from truthmap_collector.masking.masker import Masker
from truthmap_collector.masking.secret_names import secrecy
from truthmap_collector.masking.words import is_plain_word

__all__ = ["Masker", "is_plain_word", "secrecy"]
