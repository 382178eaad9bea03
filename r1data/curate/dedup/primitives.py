"""What the kernels are made of: bytes anywhere in memory, 64 of them at once, and mixed hashes.

Numba's cache notices edits of the file that a kernel is in, and not of this one: after an edit here,
`make clean`.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 64
"""Bytes looked at together."""
LANES = 64
"""Permutations whose minima are folded together."""
U64 = np.uint64
ZERO, ONE, TOP = U64(0), U64(1), U64(63)
# Odd constants of MurmurHash3's finaliser.
MIX_1, MIX_2 = U64(0xFF51AFD7ED558CCD), U64(0xC4CEB9FE1A85EC53)


@intrinsic
def load(typing: Any, address: Any) -> Any:
    """Eight bytes at any address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loaded = builder.load(builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()))
        loaded.align = 1
        return loaded

    return types.uint64(types.uint64), generate


@intrinsic
def copy(typing: Any, target: Any, source: Any, n_bytes: Any) -> Any:
    """memcpy."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointers = [builder.inttoptr(each, ir.IntType(8).as_pointer()) for each in arguments[:2]]
        cgutils.raw_memcpy(builder, *pointers, arguments[2], 1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64, types.int64), generate


@intrinsic
def lowest(typing: Any, bits: Any) -> Any:
    """Place of the lowest bit that is set; `bits` is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@intrinsic
def wide(typing: Any) -> Any:
    """Let the kernel that calls this use vectors of 512 bits, where the processor has them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite checks names that it knows; this one it hands on.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


def _mask(compare: Any) -> Any:
    """An intrinsic that compares `WIDTH` bytes at an address and gives a bit for each, the first lowest."""

    @intrinsic
    def masked(typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector = ir.VectorType(ir.IntType(8), WIDTH)
            loaded = builder.load(builder.inttoptr(arguments[0], vector.as_pointer()))
            loaded.align = 1
            found = compare(builder, loaded, lambda byte: ir.Constant(vector, [byte] * WIDTH))
            return builder.bitcast(found, ir.IntType(64))

        return types.uint64(types.uint64), generate

    return masked


blank_bytes = _mask(lambda builder, block, byte: builder.icmp_unsigned("<=", block, byte(0x20)))
# 0xE0, 0xE1 and 0xE3 to 0xFF begin code points that may be words of their own; 0xE2 (dashes) does not.
lead_bytes = _mask(
    lambda builder, block, byte: builder.and_(
        builder.icmp_unsigned(">=", block, byte(0xE0)), builder.icmp_unsigned("!=", block, byte(0xE2))
    )
)


@intrinsic
def minima(typing: Any, hashes: Any, n: Any, factors: Any, offsets: Any, found: Any) -> Any:
    """Minima of `factor * hash + offset` modulo 2^32 of n hashes for each of `LANES` factors and offsets.

    Everything is uint32, given by its address; without hashes the minima are all ones. In LLVM terms, so
    that factors, offsets and minima stay in registers.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, vector = ir.IntType(32), ir.VectorType(ir.IntType(32), 16)

        def parts(address: Any) -> list[Any]:
            start = builder.inttoptr(address, vector.as_pointer())
            return [builder.gep(start, [ir.Constant(number, part)]) for part in range(LANES // 16)]

        def read(pointer: Any) -> Any:
            loaded = builder.load(pointer)
            loaded.align = 4
            return loaded

        first = builder.inttoptr(arguments[0], number.as_pointer())
        a, b = [read(part) for part in parts(arguments[2])], [read(part) for part in parts(arguments[3])]
        least = [cgutils.alloca_once(builder, vector) for _ in a]
        for each in least:
            builder.store(ir.Constant(vector, [0xFFFFFFFF] * 16), each)
        with cgutils.for_range(builder, arguments[1]) as loop:
            one = builder.insert_element(
                ir.Constant(vector, ir.Undefined),
                read(builder.gep(first, [loop.index])),
                ir.Constant(number, 0),
            )
            hash_ = builder.shuffle_vector(one, one, ir.Constant(vector, [0] * 16))
            for factor, offset, each in zip(a, b, least, strict=True):
                value, before = builder.add(builder.mul(factor, hash_), offset), builder.load(each)
                smaller = builder.icmp_unsigned("<", value, before)
                builder.store(builder.select(smaller, value, before), each)
        for part, each in zip(parts(arguments[4]), least, strict=True):
            builder.store(builder.load(each), part).align = 4
        return context.get_dummy_value()

    return types.void(types.uint64, types.int64, types.uint64, types.uint64, types.uint64), generate


@njit(inline="always")
def mixed(x: np.uint64) -> np.uint64:
    """MurmurHash3's finaliser: every bit of the result depends on every bit of x."""
    x = (x ^ (x >> U64(33))) * MIX_1
    x = (x ^ (x >> U64(33))) * MIX_2
    return x ^ (x >> U64(33))


@njit(inline="always")
def slot(table: np.ndarray, hash_: np.uint64, size: int) -> int:
    """Where a hash is in an open-addressing table, or the free slot where it would be; 0 means free."""
    at = np.int64(hash_ >> U64(20)) & (size - 1)
    while table[at] != ZERO and table[at] != hash_:
        at = (at + 1) & (size - 1)
    return at


@njit(inline="always")
def mixed32(x: np.uint32) -> np.uint32:
    """MurmurHash3's 32-bit finaliser, by which datasketch mixes a hash before it permutes it.

    Each product is cast back: Numba would go on in 64 bits.
    """
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x85EBCA6B))
    x = np.uint32(x ^ (x >> np.uint32(13)))
    x = np.uint32(x * np.uint32(0xC2B2AE35))
    return np.uint32(x ^ (x >> np.uint32(16)))
