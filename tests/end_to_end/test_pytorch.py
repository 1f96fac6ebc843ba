"""The tutorial's page on PyTorch: its program runs as it is printed, and both networks learn the same."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from tests.end_to_end.doors import ROOT

PAGE = (ROOT / "docs" / "tutorial" / "pytorch.md").read_text(encoding="utf-8")
CHECK = """
import json
print(json.dumps([keras_losses, torch_losses]))
"""


@pytest.mark.slow
@pytest.mark.nightly
def test_keras_and_a_loop_of_pytorch_learn_the_same_from_the_same_weights():
    if find_spec("torch") is None:
        pytest.skip("torch is not installed")
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-c", program + CHECK]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    by_keras, by_torch = json.loads(done.stdout.splitlines()[-1])
    assert by_torch == pytest.approx(by_keras, rel=1e-4)
    assert by_torch[-1] < 0.5 * by_torch[0]
    shown = re.findall(r"^epoch .*$", PAGE, re.MULTILINE)
    for line, on_page in zip(done.stdout.splitlines()[:-1], shown, strict=True):
        numbers, printed = (np.array(re.findall(r"[\d.]+", each), dtype=float) for each in (line, on_page))
        np.testing.assert_allclose(numbers, printed, rtol=1e-3)
