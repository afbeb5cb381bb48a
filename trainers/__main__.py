"""Lists what can be run, or trains any kind of run; the command `ram`."""

from ram_tf_commands.__main__ import main

if __name__ == "__main__":
    main("python -m trainers")
