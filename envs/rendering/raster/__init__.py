"""Compiled batch rasterizer: thousands of randomized images a second on one CPU core."""

from envs.rendering.raster.renderer import RasterRenderer

__all__ = ["RasterRenderer"]
