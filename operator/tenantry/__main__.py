"""`python -m tenantry`."""

from tenantry.cli import main

if __name__ == "__main__":
    main()
