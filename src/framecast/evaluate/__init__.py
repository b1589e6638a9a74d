"""Judging: frame metrics, protocols, and the judge that applies them to any predictor."""

from framecast.evaluate.oracles import ORACLES
from framecast.evaluate.protocols import COURSE_A, COURSE_B, PROTOCOLS, Protocol, named, usual
from framecast.evaluate.scores import Scores, judge, judge_oracle, predict

__all__ = [
    "COURSE_A",
    "COURSE_B",
    "ORACLES",
    "PROTOCOLS",
    "Protocol",
    "Scores",
    "judge",
    "judge_oracle",
    "named",
    "predict",
    "usual",
]
