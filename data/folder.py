"""Folders of labelled pictures: `ram_tf_data.folder`."""

from ram_tf_data.folder import load

__all__ = ["load"]
