"""The closed loop on the robot's computer: numpy and onnxruntime, no torch, no ray, no pybullet."""
