"""Write or check the generated files: `python -m metallb_operator.packaging --check | --write`."""

import sys

from metallb_operator.packaging.generate import main

if __name__ == "__main__":
    sys.exit(main())
