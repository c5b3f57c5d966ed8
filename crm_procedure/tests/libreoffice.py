import os
import subprocess
import tempfile
import unittest
from pathlib import Path


def converted(content, to, convert=None):
    """What LibreOffice makes of a workbook; the test is skipped where it is not installed.

    :param bytes content: of the xlsx file
    :param str to: ending of the file that is made, ``pdf`` or ``csv``
    :param str convert: the whole option of ``--convert-to``, where the ending does not say enough
    :return: bytes of the file
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.xlsx")
        path.write_bytes(content)
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile"]
        try:
            subprocess.run(
                [*command, "--convert-to", convert or to, "--outdir", folder, path],
                check=True,
                capture_output=True,
                timeout=180,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except FileNotFoundError:
            raise unittest.SkipTest("LibreOffice is not installed.") from None
        return path.with_suffix(f".{to}").read_bytes()
