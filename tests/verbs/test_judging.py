from __future__ import annotations

import json

import pytest

from framecast.evaluate import COURSE_A
from framecast.predictor import Predictor
from framecast.store import Store
from framecast.verbs.judging import judged, result_json


def test_every_door_is_opened_and_the_shuffled_one_is_shuffled(
    dots: Store, oracle: Predictor
) -> None:
    scores = judged(oracle, dots, COURSE_A)
    result = result_json(scores, dots, COURSE_A, {"recipe": "oracle"})
    assert result["psnr"]["model"] == pytest.approx(100.0)
    assert result["psnr"]["model_shuffled_control"] < 40
    assert result["psnr"]["copy_last_frame"] < 40
    assert result["psnr"]["mean_frame"] < 40
    json.dumps(result, allow_nan=False)
