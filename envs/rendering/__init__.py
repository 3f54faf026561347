"""What worlds look like: meshes, textures, appearance, renderers, sensors."""
