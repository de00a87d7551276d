package io.weir.expose;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Deflates one piece of text that resembles itself, such as a block of an exposition, at about twice the speed of zlib's
 * level 1 and to about its size. The piece becomes one block of dynamic Huffman codes, found by a greedy matcher of
 * four-byte words, and an empty stored block that ends it on a byte boundary. It refers to nothing before it.
 *
 * <p>Reusable, not thread-safe, allocates nothing once it has seen its longest piece. Source: RFC 1951.
 */
final class FastDeflate {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int TABLE_BITS = 14;
    /** The matcher stops this far from the end of a piece, so that it can read words without asking. */
    private static final int MARGIN_BYTES = 16;

    private static final int DISTANCE_MAX = 1 << 15;
    private static final int MATCH_MIN = 4;
    private static final int MATCH_MAX = 258;

    private static final int END_OF_BLOCK = 256;
    private static final int SYMBOLS = 286;
    private static final int DISTANCE_SYMBOLS = 30;
    private static final int CODE_BITS_MAX = 15;
    private static final int LENGTH_CODE_BITS_MAX = 7;

    /** Code length symbols for runs of zeros: 3 to 10, and 11 to 138. */
    private static final int ZEROS = 17;

    private static final int MANY_ZEROS = 18;
    private static final int MANY_ZEROS_MAX = 138;

    private static final byte[] LENGTH_CODE_ORDER = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

    private final int[] table = new int[1 << TABLE_BITS];
    /** Per match: count of literals before it (upper 32 bits), length (16), distance less one (lower 16). */
    private long[] matches = new long[0];

    private final Huffman symbols = new Huffman(SYMBOLS, CODE_BITS_MAX);
    private final Huffman distances = new Huffman(DISTANCE_SYMBOLS, CODE_BITS_MAX);
    private final Huffman lengthCodes = new Huffman(LENGTH_CODE_ORDER.length, LENGTH_CODE_BITS_MAX);
    /** Code lengths as sent: symbol, and for runs the extra bits above it. */
    private final int[] lengthTokens = new int[SYMBOLS + DISTANCE_SYMBOLS];

    private byte[] out;
    private int o;
    private long bits;
    private int bitCount;

    /** Appends {@code in[offset, offset + length)}, deflated, to {@code block}. */
    void piece(byte[] in, int offset, int length, ByteBlock block) {
        // a literal takes 15 bits at most, a match of four bytes or more 48; tables and ends below 512 bytes
        out = block.reserve(Math.addExact(Math.multiplyExact(2, length), 512));
        o = block.length();
        bits = 0;
        bitCount = 0;
        if (matches.length < length / MATCH_MIN) {
            matches = new long[length / MATCH_MIN];
        }

        if (length > 0) {
            symbols.clear();
            distances.clear();
            symbols.frequencies[END_OF_BLOCK] = 1;
            int count = match(in, offset, offset + length);
            symbols.build();
            distances.build();
            tables();
            tokens(in, offset, offset + length, count);
        }
        put(0, 3);
        put(0, -bitCount & 7);
        flush();
        LONG.set(out, o, 0xffff_0000L);
        block.length(o + 4);
        out = null;
    }

    /** Finds matches and counts symbols; returns the number of matches. */
    private int match(byte[] in, int start, int end) {
        int[] table = this.table;
        Arrays.fill(table, start);
        int count = 0;
        int limit = end - MARGIN_BYTES;
        int literal = start;
        int p = start + 1;
        int stride = 32;
        while (p <= limit) {
            int word = (int) INT.get(in, p);
            int slot = slot(word);
            int candidate = table[slot];
            table[slot] = p;
            if (word != (int) INT.get(in, candidate) || p - candidate > DISTANCE_MAX) {
                p += stride++ >>> 5;
                continue;
            }
            int length = length(in, candidate, p, end);
            while (p > literal && candidate > start && in[p - 1] == in[candidate - 1]) {
                p--;
                candidate--;
                length++;
            }
            count = add(p - literal, length, p - candidate - 1, count);
            for (int i = literal; i < p; i++) {
                symbols.frequencies[in[i] & 0xff]++;
            }
            p += length;
            literal = p;
            stride = 32;
            if (p <= limit) {
                table[slot((int) INT.get(in, p - 1))] = p - 1;
            }
        }
        for (int i = literal; i < end; i++) {
            symbols.frequencies[in[i] & 0xff]++;
        }
        return count;
    }

    private int add(int literals, int length, int distance, int count) {
        int rest = length;
        while (rest > MATCH_MAX) {
            // never leave less than the shortest match
            int n = rest >= MATCH_MAX + MATCH_MIN ? MATCH_MAX : MATCH_MAX - MATCH_MIN;
            count = addOne(literals, n, distance, count);
            literals = 0;
            rest -= n;
        }
        return addOne(literals, rest, distance, count);
    }

    private int addOne(int literals, int length, int distance, int count) {
        matches[count] = (long) literals << 32 | (long) length << 16 | distance;
        symbols.frequencies[lengthSymbol(length)]++;
        distances.frequencies[distanceSymbol(distance)]++;
        return count + 1;
    }

    private static int slot(int word) {
        return word * 0x1e35a7bd >>> 32 - TABLE_BITS;
    }

    private static int length(byte[] in, int earlier, int p, int end) {
        int n = MATCH_MIN;
        int room = end - p;
        for (; n <= room - 8; n += 8) {
            long difference = (long) LONG.get(in, earlier + n) ^ (long) LONG.get(in, p + n);
            if (difference != 0) {
                return n + (Long.numberOfTrailingZeros(difference) >>> 3);
            }
        }
        while (n < room && in[earlier + n] == in[p + n]) {
            n++;
        }
        return n;
    }

    private static int lengthSymbol(int length) {
        int x = length - 3;
        if (x < 8) {
            return 257 + x;
        }
        if (length == MATCH_MAX) {
            return 285;
        }
        int log = 31 - Integer.numberOfLeadingZeros(x);
        return 253 + 4 * log + (x >>> log - 2 & 3);
    }

    /** Of a distance less one. */
    private static int distanceSymbol(int distance) {
        if (distance < 4) {
            return distance;
        }
        int log = 31 - Integer.numberOfLeadingZeros(distance);
        return 2 * log + (distance >>> log - 1 & 1);
    }

    private void tables() {
        int symbolCount = Math.max(257, symbols.used());
        int distanceCount = Math.max(1, distances.used());
        int tokens = lengthTokens(symbols.lengths, symbolCount, 0);
        tokens = lengthTokens(distances.lengths, distanceCount, tokens);

        lengthCodes.clear();
        // two codes at least, or the set would be incomplete
        lengthCodes.frequencies[0] = 1;
        lengthCodes.frequencies[MANY_ZEROS] = 1;
        for (int i = 0; i < tokens; i++) {
            lengthCodes.frequencies[lengthTokens[i] & 31]++;
        }
        lengthCodes.build();
        int sent = LENGTH_CODE_ORDER.length;
        while (sent > 4 && lengthCodes.lengths[LENGTH_CODE_ORDER[sent - 1]] == 0) {
            sent--;
        }

        // not the last block, dynamic codes
        put(4, 3);
        put(symbolCount - 257, 5);
        put(distanceCount - 1, 5);
        put(sent - 4, 4);
        for (int i = 0; i < sent; i++) {
            put(lengthCodes.lengths[LENGTH_CODE_ORDER[i]], 3);
        }
        for (int i = 0; i < tokens; i++) {
            int symbol = lengthTokens[i] & 31;
            put(lengthCodes.codes[symbol], lengthCodes.lengths[symbol]);
            if (symbol >= ZEROS) {
                put(lengthTokens[i] >>> 5, symbol == ZEROS ? 3 : 7);
            }
        }
    }

    private int lengthTokens(byte[] lengths, int count, int tokens) {
        for (int i = 0; i < count; ) {
            int run = 0;
            while (run < MANY_ZEROS_MAX && i + run < count && lengths[i + run] == 0) {
                run++;
            }
            if (run >= 11) {
                lengthTokens[tokens++] = MANY_ZEROS | run - 11 << 5;
            } else if (run >= 3) {
                lengthTokens[tokens++] = ZEROS | run - 3 << 5;
            } else {
                lengthTokens[tokens++] = lengths[i];
                run = 1;
            }
            i += run;
        }
        return tokens;
    }

    private void tokens(byte[] in, int start, int end, int count) {
        int[] codes = symbols.codes;
        byte[] lengths = symbols.lengths;
        int p = start;
        for (int m = 0; m < count; m++) {
            long match = matches[m];
            int stop = p + (int) (match >>> 32);
            p = literals(in, p, stop);

            int length = (int) match >>> 16;
            int symbol = lengthSymbol(length);
            append(codes[symbol], lengths[symbol]);
            if (symbol >= 265 && symbol < 285) {
                int extra = symbol - 261 >>> 2;
                append(length - 3 & (1 << extra) - 1, extra);
            }
            int distance = (int) match & 0xffff;
            symbol = distanceSymbol(distance);
            append(distances.codes[symbol], distances.lengths[symbol]);
            if (symbol >= 4) {
                int extra = (symbol >>> 1) - 1;
                append(distance & (1 << extra) - 1, extra);
            }
            flush();
            p += length;
        }
        literals(in, p, end);
        put(codes[END_OF_BLOCK], lengths[END_OF_BLOCK]);
    }

    private int literals(byte[] in, int from, int to) {
        int[] codes = symbols.codes;
        byte[] lengths = symbols.lengths;
        for (int i = from; i < to; i++) {
            int symbol = in[i] & 0xff;
            append(codes[symbol], lengths[symbol]);
            if (bitCount > 48) {
                flush();
            }
        }
        flush();
        return to;
    }

    private void put(int value, int count) {
        append(value, count);
        flush();
    }

    /** Adds bits without storing them; after a flush there is room for 56. */
    private void append(int value, int count) {
        bits |= (long) value << bitCount;
        bitCount += count;
    }

    private void flush() {
        LONG.set(out, o, bits);
        int whole = bitCount >>> 3;
        o += whole;
        bits >>>= whole << 3;
        bitCount &= 7;
    }

    /** One alphabet: counts in, canonical codes out. */
    private static final class Huffman {
        private final int bitsMax;
        final int[] frequencies;
        final byte[] lengths;
        /** Reversed, as they are sent. */
        final int[] codes;

        private final long[] sorted;
        private final int[] weights;
        private final int[] parents;
        private final int[] next;

        Huffman(int size, int bitsMax) {
            this.bitsMax = bitsMax;
            frequencies = new int[size];
            lengths = new byte[size];
            codes = new int[size];
            sorted = new long[size];
            weights = new int[2 * size];
            parents = new int[2 * size];
            next = new int[bitsMax + 2];
        }

        void clear() {
            Arrays.fill(frequencies, 0);
        }

        /** One more than the greatest symbol in use. */
        int used() {
            int n = lengths.length;
            while (n > 0 && lengths[n - 1] == 0) {
                n--;
            }
            return n;
        }

        void build() {
            Arrays.fill(lengths, (byte) 0);
            int leaves = 0;
            for (int s = 0; s < frequencies.length; s++) {
                if (frequencies[s] > 0) {
                    sorted[leaves++] = (long) frequencies[s] << 16 | s;
                }
            }
            Arrays.sort(sorted, 0, leaves);
            if (leaves == 1) {
                lengths[(int) sorted[0] & 0xffff] = 1;
            } else if (leaves > 1) {
                for (int i = 0; i < leaves; i++) {
                    weights[i] = (int) (sorted[i] >>> 16);
                }
                // flatter weights, flatter tree; with all equal it is far below any limit
                while (!tree(leaves)) {
                    for (int i = 0; i < leaves; i++) {
                        weights[i] = weights[i] + 1 >>> 1;
                    }
                }
            }
            assign();
        }

        /** Joins the two lightest until one is left; false when a leaf lies too deep. */
        private boolean tree(int leaves) {
            int leaf = 0;
            int inner = leaves;
            int last = 2 * leaves - 2;
            for (int node = leaves; node <= last; node++) {
                int weight = 0;
                for (int k = 0; k < 2; k++) {
                    int child = leaf < leaves && (inner >= node || weights[leaf] <= weights[inner]) ? leaf++ : inner++;
                    weight += weights[child];
                    parents[child] = node;
                }
                weights[node] = weight;
            }
            // from here on the parents of inner nodes are not needed any more, their depths are
            parents[last] = 0;
            for (int node = last - 1; node >= 0; node--) {
                int depth = parents[parents[node]] + 1;
                if (node >= leaves) {
                    parents[node] = depth;
                } else {
                    if (depth > bitsMax) {
                        return false;
                    }
                    lengths[(int) sorted[node] & 0xffff] = (byte) depth;
                }
            }
            return true;
        }

        private void assign() {
            Arrays.fill(next, 0);
            for (byte length : lengths) {
                next[length + 1] += length > 0 ? 1 : 0;
            }
            int code = 0;
            for (int length = 1; length <= bitsMax; length++) {
                code = code + next[length] << 1;
                next[length] = code;
            }
            for (int s = 0; s < lengths.length; s++) {
                int length = lengths[s];
                codes[s] = length == 0 ? 0 : Integer.reverse(next[length]++) >>> 32 - length;
            }
        }
    }
}
