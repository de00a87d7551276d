package io.weir.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Shows that the stress and interleaving tests can fail: each mutant breaks one rule of the protocol in a copy of the
 * source, which is compiled and hunted in a process of its own. Runs with {@code -Dweir.mutants.seconds=N}, the most to
 * spend on one mutant.
 */
class MutantsTest {
    private static final int SECONDS = Integer.getInteger("weir.mutants.seconds", 0);
    private static final Path SOURCES = Path.of("src/main/java/io/weir/store");

    /** One edit of a source file. */
    private record Edit(String file, String from, String to) {}

    private enum Mutant {
        FREE_WORDS_NOT_SEALED(edit("Compaction", "old.claimWord(i, Index.SEALED)", "old.wordAcquire(i)")),
        PUBLISHED_BEFORE_IT_IS_FILLED(
                edit("TableWriter", "slab.fill(spare, h0, h1,", "slab.fill(spare, ~h0, h1,"),
                edit(
                        "TableWriter",
                        "tail.keep();",
                        "tail.keep(); Steps.step();"
                                + " slab.fill(mine, h0, h1, slab.metaPlain(mine), family, slab.text(mine));")),
        PUBLISHED_LIVE(edit("Slab", "chunk[at + VALUE] = DEAD;", "chunk[at + VALUE] = encode(0);")),
        DROPPED_WITHOUT_RETIRING(edit(
                "Compaction",
                "!slab.casMeta(n, meta, Slab.withTick(meta, Slab.RETIRING))",
                "slab.metaAcquire(n) != meta")),
        RETIRED_WITHIN_A_COMMIT(edit("SeriesTable", "young = Math.min(young, writer.enteredTick());", "")),
        RETIRED_IN_THE_SECOND_OF_ITS_TOUCH(
                edit("SeriesTable", "int young = tick();", "int young = tick() + 1;")),
        NO_GRACE(edit("Compaction", "e != 0 && e < epoch", "e < 0")),
        TOUCHED_BY_PLAIN_STORE(
                edit(
                        "TableWriter",
                        "slab.casMeta(n, meta, Slab.withTick(meta, tick))",
                        "slab.storeMeta(n, Slab.withTick(meta, tick))"),
                edit(
                        "Slab",
                        "boolean casMeta(",
                        "boolean storeMeta(int n, long meta) { Steps.step(); chunk(n)[at(n) + META] = meta;"
                                + " return true; } boolean casMeta(")),
        NOT_TOUCHED(edit("TableWriter", "Slab.tick(meta) >= tick || slab", "tick >= 0 || slab")),
        EXPIRY_NOT_UNDONE(edit("Reaper", "isTouched(n, now) && slab.casValue(n, Slab.DEAD, v)", "now < 0")),
        EXPIRY_OF_CELL_NOT_UNDONE(edit("Reaper", "isTouched(n, now) && slab.casCell(n, null, cell)", "now < 0")),
        KILLED_WITHOUT_WITNESS(edit("Reaper", "killed(n, meta, v, null);\n                    return", "return")),
        GUESS_BY_KEY_ALONE(edit("Slab", "return isOpen(metaAcquire(n)) && hasKey", "return hasKey")),
        RETIRED_REFERENCE_TOUCHED(edit("TableWriter", "(ref >>> 32) || Slab.isRetiring(meta)", "(ref >>> 32)")),
        RETIRED_RECORD_FOUND(edit("TableWriter", "if (Slab.isRetiring(meta)) {", "if (tick < 0) {")),
        LIVE_PLACE_NOT_RETURNED(edit("Reaper", "table.releaseLive();", "")),
        LIMIT_NOT_KEPT(edit("SeriesTable", "getAndAdd(LIVE, 1) < config", "getAndAdd(LIVE, 1) - 1 < config")),
        BOUND_NOT_KEPT(edit("Shard", "counters.get(MAX_USED)) {", "counters.get(MAX_USED) + 1) {")),
        TYPE_FREE_TOO_EARLY(
                edit(
                        "Reaper",
                        "boolean kill(int n, long meta) {",
                        "boolean kill(int n, long meta) { slab.family(n).release(); slab.family(n).addLive();"),
                edit(
                        "Family",
                        "boolean isUnused() {",
                        "void addLive() { Steps.step(); STATE.getAndAdd(this, 1L); } boolean isUnused() {")),
        COMMIT_NOT_COUNTED(edit("TableWriter", "shared.addRelease(COMMITS, 1);", "")),
        REVIVAL_NOT_COUNTED(edit("TableWriter", "shared.addRelease(REVIVALS, 1);", "")),
        TEXT_OF_OPEN_TAIL_RECLAIMED(edit("TextArena", "settled.clear(c);", "")),
        TEXT_TAKEN_BACK_TOO_LATE(edit("TableWriter", "tail.keep();", ""));

        final Edit[] edits;

        Mutant(Edit... edits) {
            this.edits = edits;
        }

        private static Edit edit(String file, String from, String to) {
            return new Edit(file, from, to);
        }
    }

    @TempDir
    Path dir;

    @ParameterizedTest
    @EnumSource(Mutant.class)
    void shouldCatch(Mutant mutant) throws Exception {
        assumeThat(SECONDS).as("set -Dweir.mutants.seconds=N to hunt mutants").isPositive();
        compile(mutant);
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dweir.store.steps=true",
                        "-Dweir.store.chunkBits=3",
                        "-ea",
                        "-Xmx512m",
                        "-cp",
                        dir + File.pathSeparator + System.getProperty("java.class.path"),
                        Hunt.class.getName(),
                        Long.toString(SECONDS * 1000L),
                        Long.toString(System.nanoTime()))
                .redirectErrorStream(true)
                .redirectOutput(dir.resolve("said").toFile())
                .start();
        // A mutant that hangs is caught as well.
        boolean over = process.waitFor(SECONDS + 10L, TimeUnit.SECONDS);
        process.destroyForcibly();
        String said = over ? Files.readString(dir.resolve("said")).lines()
                        .filter(line -> line.startsWith("found: "))
                        .findFirst()
                        .orElse("not found") : "hung";
        System.out.printf(
                "mutant %s: %.1f s: %s%n",
                mutant, (System.nanoTime() - begin) / 1e9, said.substring(0, Math.min(250, said.length())));
        assertThat(!over || process.exitValue() == Hunt.FOUND).as("caught").isTrue();
    }

    private void compile(Mutant mutant) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Edit edit : mutant.edits) {
            Path to = dir.resolve(edit.file() + ".java");
            String source = Files.readString(Files.exists(to) ? to : SOURCES.resolve(edit.file() + ".java"));
            assertThat(source).as("the mutant fits the source").contains(edit.from());
            Files.writeString(to, source.replace(edit.from(), edit.to()));
            if (!files.contains(to)) {
                files.add(to);
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> args = new ArrayList<>(List.of(
                "-proc:none", "-nowarn", "-d", dir.toString(), "-cp", System.getProperty("java.class.path")));
        files.forEach(f -> args.add(f.toString()));
        assertThat(compiler.run(null, null, null, args.toArray(String[]::new))).isZero();
    }
}
