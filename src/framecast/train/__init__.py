"""Training: the loop, its config, checkpoints and logs."""

from framecast.train.checkpoint import load_checkpoint, read_manifest
from framecast.train.config import TrainConfig
from framecast.train.log import read_log
from framecast.train.loop import train

__all__ = ["TrainConfig", "load_checkpoint", "read_log", "read_manifest", "train"]
