"""What worlds look like: scenes, appearance, textures, renderers and sensors."""
