"""The folder through which this process and the workers talk, before `mail` is imported."""

import os
import tempfile

os.environ["MAIL_QUEUE"] = tempfile.mkdtemp(prefix="mail-")
