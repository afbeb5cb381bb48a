"""Where commands write to: in one module, since a flag is defined once only.

A command's own words say what it writes there, and where if nothing is said.
"""

from absl import flags

OUT = flags.DEFINE_string("out", None, "Where to write what is made.")
PICTURE = flags.DEFINE_string("picture", None, "PNG file for the picture.")
