"""The rasterizer's hand-written vector code: eight numbers at a time, as LLVM instructions. Nothing else is here.

Four blocks, each with the same sums in the same order as its namesake in `plain`, so the images are equal bit
for bit; `blocks` picks one of the two files. LLVM's own vectorizer does not find these loops.
"""

from llvmlite import ir
from llvmlite.ir import instructions
from numba import types
from numba.extending import intrinsic

from envs.rendering.raster.layout import COLUMN, PLANE_ROWS, RECORD, RECORD_OF, ROW, SURFACE_ROWS

LANES = 8
FLAGS = ("nnan", "ninf", "nsz")  # Not "contract": a fused sum would round unlike the plain path.
FLOAT, INT = ir.FloatType(), ir.IntType(32)
FLOATS, INTS = ir.VectorType(FLOAT, LANES), ir.VectorType(INT, LANES)


class _VolatileStore(instructions.StoreInstr):
    """A store LLVM leaves alone: it turns select + store into vpmaskmovd, which takes 20 cycles on AMD's Zen."""

    def descr(self, buf: list[str]) -> None:
        value, place = self.operands
        buf.append(
            f"store volatile {value.type} {value.get_reference()}, {place.type} {place.get_reference()}, align 4\n"
        )


def _store_volatile(builder, value, place):
    builder._insert(_VolatileStore(builder.block, value, place))


def _add(builder, left, right):
    return builder.fadd(left, right, flags=FLAGS)


def _subtract(builder, left, right):
    return builder.fsub(left, right, flags=FLAGS)


def _times(builder, left, right):
    return builder.fmul(left, right, flags=FLAGS)


def _spread(builder, value):
    """Copy one number into all lanes."""
    vector = ir.VectorType(value.type, LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(INT, 0))
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), ir.Constant(INTS, [0] * LANES))


class _Array:
    """A Numba array argument: its element i + offset as a number or as the start of eight."""

    def __init__(self, context, builder, array_type, value):
        self._data = context.make_array(array_type)(context, builder, value).data
        self._builder = builder

    def place(self, index, offset=0, vector=None):
        if offset:
            index = self._builder.add(index, ir.Constant(index.type, offset))
        place = self._builder.gep(self._data, [index])
        return self._builder.bitcast(place, vector.as_pointer()) if vector is not None else place

    def one(self, index, offset=0):
        return self._builder.load(self.place(index, offset))

    def eight(self, index, offset=0, vector=FLOATS):
        return self._builder.load(self.place(index, offset, vector), align=4)

    def put(self, value, index, offset=0):
        self._builder.store(value, self.place(index, offset, FLOATS), align=4)


def _inside(builder, columns, edges):
    """Mask of the lanes on the inner side of three edges, each (slope, value at column 0)."""
    mask = None
    for slope, start in edges:
        value = _add(builder, _times(builder, _spread(builder, slope), columns), _spread(builder, start))
        inner = builder.fcmp_ordered(">=", value, ir.Constant(FLOATS, [0.0] * LANES))
        mask = inner if mask is None else builder.and_(mask, inner)
    return mask


def _nearness(builder, column, edges, depth):
    """Float bits of 1 / depth in eight pixels, never more than the triangle's own maximum; 0 outside of it."""
    columns = _add(builder, _spread(builder, column), ir.Constant(FLOATS, [float(lane) for lane in range(LANES)]))
    mask = _inside(builder, columns, edges)
    slope, start, most = (_spread(builder, value) for value in depth)
    value = _add(builder, _times(builder, slope, columns), start)
    value = builder.select(builder.fcmp_ordered("<", value, most), value, most)
    return builder.and_(builder.bitcast(value, INTS), builder.sext(mask, INTS))


@intrinsic
def cover(typing, nearness, ids, at, column, a0, r0, a1, r1, a2, r2, az, rz, most, number):
    """See `plain.cover`."""
    signature = types.void(nearness, ids, types.intp, *([types.float32] * 10), types.int32)

    def generate(context, builder, signature, args):
        depths = _Array(context, builder, signature.args[0], args[0])
        numbers = _Array(context, builder, signature.args[1], args[1])
        edges = ((args[4], args[5]), (args[6], args[7]), (args[8], args[9]))
        new = _nearness(builder, args[3], edges, args[10:13])
        old, old_numbers = depths.eight(args[2], vector=INTS), numbers.eight(args[2], vector=INTS)
        wins = builder.icmp_signed(">", new, old)
        _store_volatile(builder, builder.select(wins, new, old), depths.place(args[2], vector=INTS))
        named = builder.select(wins, _spread(builder, args[13]), old_numbers)
        _store_volatile(builder, named, numbers.place(args[2], vector=INTS))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def cover_depth(typing, nearness, at, column, a0, r0, a1, r1, a2, r2, az, rz, most):
    """See `plain.cover_depth`."""
    signature = types.void(nearness, types.intp, *([types.float32] * 10))

    def generate(context, builder, signature, args):
        depths = _Array(context, builder, signature.args[0], args[0])
        edges = ((args[3], args[4]), (args[5], args[6]), (args[7], args[8]))
        new = _nearness(builder, args[2], edges, args[9:12])
        old = depths.eight(args[1], vector=INTS)
        kept = builder.select(builder.icmp_signed(">", new, old), new, old)
        _store_volatile(builder, kept, depths.place(args[1], vector=INTS))
        return context.get_dummy_value()

    return signature, generate


def _transposed(builder, rows):
    """Turn eight rows of eight into eight columns, with three rounds of shuffles."""

    def shuffle(left, right, order):
        return builder.shuffle_vector(left, right, ir.Constant(INTS, order))

    low, high = [0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 3, 11, 6, 14, 7, 15]
    pairs = [shuffle(rows[k], rows[k + 1], order) for k in (0, 2, 4, 6) for order in (low, high)]
    low, high = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
    fours = [shuffle(pairs[k], pairs[k + 2], order) for k in (0, 1, 4, 5) for order in (low, high)]
    halves = [0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]
    return [shuffle(fours[k], fours[k + 4], order) for order in halves for k in range(4)]


@intrinsic
def sample_attributes(typing, samples, integers, records, at):
    """See `plain.sample_attributes`."""
    signature = types.void(samples, integers, records, types.intp)

    def generate(context, builder, signature, args):
        floats, whole, known = (_Array(context, builder, signature.args[i], args[i]) for i in range(3))
        at, planes, surfaces = args[3], [], []
        for lane in range(LANES):
            record = builder.sext(whole.one(at, RECORD_OF + lane), at.type)
            base = builder.mul(record, ir.Constant(at.type, RECORD))
            column = _spread(builder, floats.one(at, COLUMN + lane))
            row = _spread(builder, floats.one(at, ROW + lane))
            rest = _add(builder, _times(builder, known.eight(base, 8), row), known.eight(base, 16))
            planes.append(_add(builder, _times(builder, known.eight(base), column), rest))
            surfaces.append(known.eight(base, 24))
        for place, value in zip(PLANE_ROWS, _transposed(builder, planes)):
            floats.put(value, at, place)
        for place, value in zip(SURFACE_ROWS, _transposed(builder, surfaces)):
            floats.put(value, at, place)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def triangle_planes(
    typing, records, to, parts, part, corners, corner, near0, near1, near2, x0, y0, x1, y1, x2, y2, inverse_area
):
    """See `plain.triangle_planes`."""
    index = [types.intp]
    signature = types.void(records, *index, parts, *index, corners, *index, *([types.float32] * 10))

    def generate(context, builder, signature, args):
        out, columns, shape = (_Array(context, builder, signature.args[i], args[i]) for i in (0, 2, 4))
        to, part, corner = args[1], args[3], args[5]
        column = [columns.eight(part, LANES * k) for k in range(6)]
        values = []
        for q in range(3):
            numbers = [_spread(builder, shape.one(corner, place)) for place in (3 * q, 3 * q + 1, 3 * q + 2)]
            numbers += [_spread(builder, shape.one(corner, place)) for place in (9 + 2 * q, 10 + 2 * q)]
            total = column[5]
            for k in range(5):
                total = _add(builder, _times(builder, column[k], numbers[k]), total)
            values.append(_times(builder, total, _spread(builder, args[6 + q])))
        x0, y0, x1, y1, x2, y2, inverse = (_spread(builder, value) for value in args[9:16])
        first, second = _subtract(builder, values[1], values[0]), _subtract(builder, values[2], values[0])

        across = _times(builder, _subtract(builder, _times(builder, first, y2), _times(builder, second, y1)), inverse)
        down = _times(builder, _subtract(builder, _times(builder, second, x1), _times(builder, first, x2)), inverse)
        start = _subtract(builder, values[0], _times(builder, across, x0))
        start = _subtract(builder, start, _times(builder, down, y0))
        for place, value in ((0, across), (LANES, down), (2 * LANES, start)):
            out.put(value, to, place)
        return context.get_dummy_value()

    return signature, generate

