"""PyBullet as an engine: the robot, the things on the table, their knobs, and one world of them (`world`)."""
