"""Judging: frame metrics, protocols, and the judge that applies them to any predictor."""

from framecast.evaluate.judge import Scores, judge, predict
from framecast.evaluate.protocols import COURSE_A, PROTOCOLS, Protocol, named

__all__ = ["COURSE_A", "PROTOCOLS", "Protocol", "Scores", "judge", "named", "predict"]
