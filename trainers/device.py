"""Classifies image files with a .tflite file, as a small device does."""

import sys

from ram_tf_commands.device import main

if __name__ == "__main__":
    sys.exit(main())
