"""House numbers, in SVHN's full format: `ram_tf_data.house_numbers`."""

from ram_tf_data.house_numbers import load

__all__ = ["load"]
