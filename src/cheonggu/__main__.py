"""`python -m cheonggu` is the command `cheonggu`."""

from cheonggu.cli import main

if __name__ == "__main__":
    main()
