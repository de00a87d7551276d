package io.weir.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Runs one target on its seeds, then on mutations of them. Repeatable: the same seed and number give the same inputs. An
 * input that fails is made smaller, written to {@code target/fuzz}, and ends the run; kept below the test resources it is
 * run first from then on.
 */
final class Fuzzer {
    private static final int CORPUS_MAX = 4_096;
    private static final int SHRINKS_MAX = 20_000;
    private static final byte[] EMPTY = {};
    private static final byte[] BYTES = {0, 1, '\t', '\n', '\r', ' ', '"', '#', '%', ',', '-', '.', '0', '9', ':', ';', '=',
        '?', 'E', '\\', '{', '}', 0x7f, (byte) 0x80, (byte) 0xc0, (byte) 0xed, (byte) 0xff};

    private final FuzzTarget target;
    private final SplittableRandom random;
    private final List<byte[]> corpus = new ArrayList<>();
    private final List<byte[]> words;
    private final Set<Long> outcomes = new HashSet<>();
    private long executions;

    Fuzzer(FuzzTarget target, long seed) throws IOException {
        this.target = target;
        this.random = new SplittableRandom(seed);
        this.words = target.words();
        corpus.addAll(kept(target.name()));
        corpus.addAll(target.seeds());
    }

    /** Inputs kept as files, in the order of their names. */
    private static List<byte[]> kept(String name) throws IOException {
        List<byte[]> kept = new ArrayList<>();
        var folder = Fuzzer.class.getResource("/fuzz/" + name);
        if (folder != null) {
            try (Stream<Path> files = Files.list(Path.of(folder.getPath()))) {
                for (Path file : files.sorted().toList()) {
                    kept.add(Files.readAllBytes(file));
                }
            }
        }
        return kept;
    }

    long executions() {
        return executions;
    }

    int outcomes() {
        return outcomes.size();
    }

    /** All seeds, then mutations up to this number of executions in all. */
    void run(long executionsMax) throws Exception {
        for (byte[] seed : List.copyOf(corpus)) {
            execute(seed);
        }
        while (executions < executionsMax) {
            byte[] input = mutate();
            if (execute(input) && corpus.size() < CORPUS_MAX) {
                corpus.add(input);
            }
        }
    }

    /** Whether the outcome is new. */
    private boolean execute(byte[] input) throws Exception {
        executions++;
        try {
            return outcomes.add(target.run(input.clone()));
        } catch (Exception | AssertionError | StackOverflowError | OutOfMemoryError e) {
            byte[] small = shrink(input, e.getClass());
            Path file = Path.of("target", "fuzz", target.name() + "-" + Integer.toHexString(Arrays.hashCode(small)));
            Files.createDirectories(file.getParent());
            Files.write(file, small);
            throw new AssertionError(target.name() + " fails after " + executions + " executions on " + file + ": "
                    + new String(small, StandardCharsets.ISO_8859_1), e);
        }
    }

    private byte[] shrink(byte[] input, Class<?> failure) {
        byte[] small = input;
        int tries = 0;
        for (int cut = Math.max(1, small.length / 2); cut > 0 && tries < SHRINKS_MAX; ) {
            boolean any = false;
            for (int at = 0; at + cut <= small.length && tries < SHRINKS_MAX; tries++) {
                byte[] less = splice(small, at, cut, EMPTY);
                if (fails(less, failure)) {
                    small = less;
                    any = true;
                } else {
                    at += cut;
                }
            }
            cut = any ? cut : cut / 2;
        }
        return small;
    }

    private boolean fails(byte[] input, Class<?> failure) {
        try {
            target.run(input.clone());
            return false;
        } catch (Exception | AssertionError | StackOverflowError | OutOfMemoryError e) {
            return e.getClass() == failure;
        }
    }

    private byte[] mutate() {
        byte[] input = corpus.get(random.nextInt(corpus.size()));
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(input.length + 1);
            int rest = input.length - at;
            input = switch (random.nextInt(10)) {
                case 0 -> splice(input, at, Math.min(rest, 1 + random.nextInt(4)), EMPTY);
                case 1 -> splice(input, at, Math.min(rest, random.nextInt(rest + 1)), EMPTY);
                case 2 -> splice(input, at, 0, new byte[] {BYTES[random.nextInt(BYTES.length)]});
                case 3 -> splice(input, at, Math.min(rest, 1), new byte[] {(byte) random.nextInt(256)});
                case 4, 5 -> words.isEmpty() ? flip(input) : splice(input, at, Math.min(rest, random.nextInt(3)),
                        words.get(random.nextInt(words.size())));
                case 6 -> {
                    byte[] other = corpus.get(random.nextInt(corpus.size()));
                    int from = random.nextInt(other.length + 1);
                    yield splice(input, at, random.nextInt(rest + 1), Arrays.copyOfRange(other, from, other.length));
                }
                case 7 -> {
                    int length = Math.min(rest, 1 + random.nextInt(16));
                    byte[] again = Arrays.copyOfRange(input, at, at + length);
                    yield splice(input, random.nextInt(input.length + 1), 0, again);
                }
                case 8 -> digit(input);
                default -> flip(input);
            };
        }
        return input.length > target.bytesMax() ? Arrays.copyOf(input, target.bytesMax()) : input;
    }

    private byte[] flip(byte[] input) {
        byte[] next = input.clone();
        if (next.length > 0) {
            next[random.nextInt(next.length)] ^= 1 << random.nextInt(8);
        }
        return next;
    }

    /** Puts a run of one byte, long ones at times, over or between. */
    private byte[] digit(byte[] input) {
        int at = random.nextInt(input.length + 1);
        byte[] run = new byte[random.nextInt(8) == 0 ? random.nextInt(target.bytesMax()) : random.nextInt(24)];
        Arrays.fill(run, at < input.length ? input[at] : BYTES[random.nextInt(BYTES.length)]);
        return splice(input, at, 0, run);
    }

    static byte[] splice(byte[] input, int at, int length, byte[] instead) {
        int end = Math.min(input.length, at + length);
        byte[] next = new byte[input.length - (end - at) + instead.length];
        System.arraycopy(input, 0, next, 0, at);
        System.arraycopy(instead, 0, next, at, instead.length);
        System.arraycopy(input, end, next, at + instead.length, input.length - end);
        return next;
    }
}
