"""The command, as `python -m quorate`."""

from .command import main

main()
