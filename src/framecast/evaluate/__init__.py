"""Judging: frame metrics, protocols, and the judge that applies them to any predictor."""

from framecast.evaluate.protocols import COURSE_A, PROTOCOLS, Protocol, named
from framecast.evaluate.scores import Scores, judge, predict

__all__ = ["COURSE_A", "PROTOCOLS", "Protocol", "Scores", "judge", "named", "predict"]
