"""Loaders of data, as a checkout has them; their home is `ram_tf_data`."""
