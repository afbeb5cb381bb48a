"""Image files as canvases: `ram_tf_data.files`."""

from ram_tf_data.files import read_image, read_video

__all__ = ["read_image", "read_video"]
