"""Where digits come from, by name: `ram_tf_data.sources`."""

from ram_tf_data.sources import NAMES, load

__all__ = ["NAMES", "load"]
