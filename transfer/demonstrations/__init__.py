"""Demonstrations: recorded in reality (`record`), kept as LeRobot v3.0 datasets on disk (`lerobot`)."""
