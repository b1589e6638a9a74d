"""framecast: train, judge and drive small video predictors that obey a control."""

__version__ = "0.1.0"
