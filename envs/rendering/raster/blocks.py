"""The innermost blocks: the vector ones, or the plain ones where the processor lacks AVX2 or a user says so."""

from envs.rendering.raster.compiled import PLAIN

if PLAIN:
    from envs.rendering.raster.plain import cover, cover_depth, sample_attributes, triangle_planes
else:
    from envs.rendering.raster.simd import cover, cover_depth, sample_attributes, triangle_planes

__all__ = ["cover", "cover_depth", "sample_attributes", "triangle_planes"]
