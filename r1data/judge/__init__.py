"""A model that judges what no rule decides: rubrics, the protocol, its calibration."""
