from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "store_reading.py"


def test_the_reading_benchmark_prints_one_line_of_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("store_reading", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tiny = {"STORE_CLIPS": 4, "PNG_CLIPS": 2, "BATCH": 2, "ROUNDS": 1, "SECONDS": 0.01}
    for name, value in tiny.items():
        monkeypatch.setattr(module, name, value)
    module.main()
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found["ratio"] > 1
    assert found["clips_per_s"]["store"] > found["clips_per_s"]["png"]
