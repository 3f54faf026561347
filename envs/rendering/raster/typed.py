"""Whole numbers of 32 bits and the bits of floats: Numba would widen them to 64 bits and halve the vectors.

    address = add(times(row, side), column)        # all int32
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _operation(name: str) -> Any:
    """Make one int32 operation of LLVM a function of Numba."""

    @intrinsic
    def operation(typing, left, right):
        def generate(context, builder, signature, args):
            return getattr(builder, name)(args[0], args[1])

        return types.int32(types.int32, types.int32), generate

    return operation


add, subtract, times = _operation("add"), _operation("sub"), _operation("mul")
both, either = _operation("and_"), _operation("or_")
shift_left, shift_right = _operation("shl"), _operation("ashr")


@intrinsic
def bits(typing, value):
    """Give the bits of a float32 as an int32; they order positive floats as the floats themselves."""

    def generate(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), generate


@intrinsic
def from_bits(typing, value):
    """Give the float32 that has these bits."""

    def generate(context, builder, signature, args):
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def cycles(typing):
    """Read the processor's cycle counter (its nominal clock); 0 on processors without one."""

    def generate(context, builder, signature, args):
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.call(builder.module.declare_intrinsic("llvm.readcyclecounter", fnty=kind), [])

    return types.int64(), generate
