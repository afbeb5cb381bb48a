"""Where commands write to: in one module, since a flag is defined once only.

A command's own words say what it writes there, and where if nothing is said.
"""

from absl import flags

OUT = flags.DEFINE_string("out", None, "Where to write what is made.")
NAME = flags.DEFINE_string(
    "name",
    None,
    "Name of the model; by default that of --pretrained or of the directory "
    "--workdir.",
)
PICTURE = flags.DEFINE_string("picture", None, "PNG file for the picture.")
