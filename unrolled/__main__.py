"""The command `unrolled`: ``unrolled app`` serves the pages; the other verbs are those of ``python -m core``."""

from __future__ import annotations

import sys

from core.__main__ import main as core_main
from core.runtime.home import home

_APP = "app [STREAMLIT'S OPTIONS] opens the pages in a browser; the options are those of `streamlit run`."


def main() -> int:
    """Run the verb on the command line; returns the exit status."""
    verb, *options = sys.argv[1:] or [""]
    if verb != "app":
        return core_main(prog="unrolled", epilog=_APP)
    from streamlit.web import cli

    cli.main(["run", str(home() / "app.py"), *options], prog_name="streamlit")
    return 0


if __name__ == "__main__":
    sys.exit(main())
