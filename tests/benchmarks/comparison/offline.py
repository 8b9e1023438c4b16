"""Importing this lets TextAttack be imported without a network, and our `core` from its virtual environment.

On import TextAttack downloads six of NLTK's packages unless a mark says that it has, and opens NLTK's English stop
words. Both are written here, into a folder that lives as long as the process; the words are those of no constraint in
use.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path

_FOLDER = tempfile.TemporaryDirectory(prefix="textattack-")
_home = Path(_FOLDER.name)
(_home / "corpora" / "stopwords").mkdir(parents=True)
(_home / "corpora" / "stopwords" / "english").write_text("a\nan\nand\nof\nthe\nto\n", encoding="ascii")
(_home / "post_install_check_3").touch()
os.environ |= {"NLTK_DATA": str(_home), "TA_CACHE_DIR": str(_home), "HF_HUB_OFFLINE": "1"}
sys.path.insert(0, str(Path(__file__).parents[3]))
warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
