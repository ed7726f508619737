"""Those that Cheonggu is measured against or with, each a process of its own."""
