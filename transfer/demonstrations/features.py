"""Features of a LeRobot v3.0 dataset and how each is stored in Arrow.

Facts: lerobot v0.4.4, `datasets/utils.py`; numbers are fixed-size lists, images are PNG bytes in a
struct, and Hugging Face's own types ride along as metadata, so that its reader needs no guess.
"""

import json
from collections.abc import Mapping

import cv2
import numpy as np
import pyarrow as pa

from transfer.demonstrations.episode import ACTIONS, AXES, Demonstration, Layout

VERSION = "v3.0"
STATE, GOAL, ACTION, IMAGES = "observation.state", "observation.goal", "action", "observation.images."
DEFAULTS = {
    "timestamp": {"dtype": "float32", "shape": [1], "names": None},
    "frame_index": {"dtype": "int64", "shape": [1], "names": None},
    "episode_index": {"dtype": "int64", "shape": [1], "names": None},
    "index": {"dtype": "int64", "shape": [1], "names": None},
    "task_index": {"dtype": "int64", "shape": [1], "names": None},
}
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def features_of(layout: Layout) -> dict[str, dict]:
    """Describe the columns of a dataset as `info.json` wants them."""
    vectors = {STATE: layout.state, GOAL: AXES, ACTION: ACTIONS}
    side = layout.image_size
    found = {name: {"dtype": "float32", "shape": [len(names)], "names": list(names)} for name, names in vectors.items()}
    for camera in layout.cameras:
        axes = ["height", "width", "channels"]
        found[IMAGES + camera] = {"dtype": "image", "shape": [side, side, 3], "names": axes}
    return found | DEFAULTS


def schema_of(features: Mapping[str, dict]) -> pa.Schema:
    """Give the Arrow schema of the data files, with Hugging Face's description of it."""
    fields = [pa.field(name, _arrow(feature)) for name, feature in features.items()]
    described = {name: _hugging_face(feature) for name, feature in features.items()}
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": described}})})


def _arrow(feature: dict) -> pa.DataType:
    if feature["dtype"] == "image":
        return PICTURE
    kind = pa.type_for_alias(feature["dtype"])
    return kind if feature["shape"] == [1] else pa.list_(kind, feature["shape"][0])


def _hugging_face(feature: dict) -> dict:
    if feature["dtype"] == "image":
        return {"_type": "Image"}
    value = {"dtype": feature["dtype"], "_type": "Value"}
    if feature["shape"] == [1]:
        return value
    return {"feature": value, "length": feature["shape"][0], "_type": "List"}


def columns_of(demonstration: Demonstration, fps: int, episode: int, index: int, task: int) -> dict[str, np.ndarray]:
    """Give every column of one episode as numbers or images, in the units of the file.

    Args:
        demonstration: The episode.
        fps: Frames per second.
        episode: Its number.
        index: Number of its first frame in the dataset.
        task: Number of its task.
    """
    frames = np.arange(len(demonstration), dtype=np.int64)
    images = {IMAGES + camera: pixels for camera, pixels in demonstration.images.items()}
    return {
        STATE: demonstration.proprioception.astype(np.float32),
        GOAL: demonstration.goal.astype(np.float32),
        ACTION: demonstration.actions.astype(np.float32),
        **images,
        "timestamp": (frames / fps).astype(np.float32),
        "frame_index": frames,
        "episode_index": np.full_like(frames, episode),
        "index": frames + index,
        "task_index": np.full_like(frames, task),
    }


def table_of(columns: Mapping[str, np.ndarray], schema: pa.Schema) -> pa.Table:
    """Pack the columns of one episode; images become PNG."""
    return pa.Table.from_arrays([_pack(columns[field.name], field.type) for field in schema], schema=schema)


def _pack(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    if kind == PICTURE:
        pictures = [{"bytes": png(pixels), "path": f"frame-{i:06d}.png"} for i, pixels in enumerate(values)]
        return pa.array(pictures, kind)
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1), kind.value_type), kind.list_size)
    return pa.array(values, kind)


def png(pixels: np.ndarray) -> bytes:
    """Compress one image (height, width, 3) uint8 RGB without loss."""
    done, data = cv2.imencode(".png", pixels[..., ::-1])
    if not done:
        raise ValueError(f"OpenCV could not write a PNG of shape {pixels.shape} and type {pixels.dtype}.")
    return data.tobytes()


def pixels_of(data: bytes | None, where: str) -> np.ndarray:
    """Decompress one image to (height, width, 3) uint8 RGB."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if found is None:
        raise ValueError(f"{where} holds no image that can be read.")
    return np.ascontiguousarray(found[..., ::-1])
