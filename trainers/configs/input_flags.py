"""What commands that compare runs read: a flag is defined once only."""

from absl import flags

WORKDIRS = flags.DEFINE_list(
    "workdirs", [], "Directories of finished runs on the same task."
)
