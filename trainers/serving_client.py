"""Asks a TensorFlow Serving server what images show."""

import sys

from ram_tf_commands.serving_client import main

if __name__ == "__main__":
    sys.exit(main())
