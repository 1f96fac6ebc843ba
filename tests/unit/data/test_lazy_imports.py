"""A heavy library is imported by the step that uses it, not by the module."""

import subprocess
import sys

CODE = """
import sys
import foldwise.data.audit.audit, foldwise.data.drift, foldwise.data.fold_cache, foldwise.data.new_rows
import foldwise.data.preparation.file, foldwise.data.read
print(sorted({"imblearn", "scipy", "sklearn"} & set(sys.modules)))
"""


def test_importing_the_data_room_imports_no_learning_library():
    assert subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout == "[]\n"
