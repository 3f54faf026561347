"""What is carried to the robot: policy, contract and proof. `export` writes the folder, `bundle` reads it."""
