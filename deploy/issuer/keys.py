"""The issuer's signing key: made once, kept in a file that its owner alone can read."""

import json
import os
from pathlib import Path

from joserfc.jwk import ECKey

ALGORITHM = "ES256"


def load_or_make_key(file: Path) -> ECKey:
    """The key in that file; a new one is made and kept there when there is no file, so that tokens outlive a restart."""
    if not file.exists():
        made = ECKey.generate_key("P-256", parameters={"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            json.dump(made.as_dict(private=True), opened)
    return ECKey.import_key(json.loads(file.read_text()))
