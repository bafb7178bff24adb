"""``python -m scanner`` is ``shadow-ai``."""

from scanner.cli import main

if __name__ == "__main__":
    main()
