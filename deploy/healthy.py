"""Exit 0 where an address answers 200 within five seconds: python healthy.py http://127.0.0.1:3000/server_info."""

import sys
import urllib.error
import urllib.request


def main(address: str) -> int:
    """0 when it answers, 1 when it does not; says why on stderr."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        print(f"{address} does not answer: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
