package io.weir.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.expose.ByteBlock;
import io.weir.expose.Exposition;
import io.weir.expose.JsonExposition;
import io.weir.expose.TextExposition;
import io.weir.journal.Replace;
import io.weir.parse.ParseFailure;
import io.weir.parse.Parser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.snapshot.Snapshot;
import io.weir.store.Keeper;
import io.weir.store.Selector;
import io.weir.store.SeriesTable;
import io.weir.store.StoreCommands;
import io.weir.store.TableConfig;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.agrona.concurrent.NanoClock;

/** The core from body to scrape in one thread: real parser, ingest, table, keeper and renderers; the clock is the test's. */
final class CoreRig {
    final KeyHash hash = new KeyHash(1, 2, 3, 4);
    final Limits limits;
    final SeriesTable table;
    final Keeper keeper;
    final StoreCommands commands;
    final Ingest ingest;
    final TextParser parser;
    long nanos = 1_000_000_000L;
    String error = "";

    CoreRig() {
        this(Limits.DEFAULTS, AggregationRules.DEFAULTS);
    }

    CoreRig(Limits limits, AggregationRules rules) {
        this.limits = limits;
        NanoClock clock = () -> nanos;
        Function<String, FamilyPolicy> policies = rules::policy;
        table = new SeriesTable(TableConfig.of(limits.series(), limits.families()), clock, policies);
        keeper = new Keeper(table, () -> 1_700_000_000_000L);
        commands = keeper.commands();
        ingest = new Ingest(table, limits, hash, policies, 1 << 16, () -> {});
        parser = new TextParser(limits, hash, TextParser.Timestamps.IGNORE);
    }

    /** Pushes a body in one piece; OK, or what refused it, with {@link #error} set. */
    Code post(String body) {
        return push(Mode.ADD, body, Integer.MAX_VALUE);
    }

    Code put(String body) {
        return push(Mode.SET, body, Integer.MAX_VALUE);
    }

    Code push(Mode mode, String body, int piece) {
        Batch batch = ingest.open(mode);
        try {
            parser.reset(batch);
            byte[] bytes = body.getBytes(UTF_8);
            int start = 0;
            int end = 0;
            Parser.Result result;
            do {
                end = (int) Math.min((long) end + piece, bytes.length);
                ingest.enter();
                try {
                    result = parser.parse(bytes, start, end - start);
                    start += parser.consumed();
                    if (end == bytes.length && result != Parser.Result.ERROR) {
                        result = parser.finish(bytes, start, end - start);
                    }
                } finally {
                    ingest.exit();
                }
            } while (result != Parser.Result.ERROR && end < bytes.length);
            if (result == Parser.Result.ERROR) {
                ParseFailure failure = parser.failure();
                error = failure.describe();
                return failure.code();
            }
            Code code = ingest.commit(batch);
            error = batch.detail();
            return code;
        } finally {
            ingest.close(batch);
        }
    }

    /** Pushes a body to a group, and that it was pushed at {@code seconds}; {@code key} is label text. */
    Code group(Mode mode, Replace replace, String key, String body, double seconds) {
        return group(ingest, mode, replace, key, body, seconds);
    }

    Code group(Ingest loop, Mode mode, Replace replace, String key, String body, double seconds) {
        Code code = submitGroup(loop, mode, replace, key, body, seconds);
        while (!loop.flush()) {
            keeper.doWork();
        }
        return code;
    }

    /** Without the end of the turn. */
    Code submitGroup(Ingest loop, Mode mode, Replace replace, String key, String body, double seconds) {
        byte[] text = key.getBytes(UTF_8);
        Batch batch = loop.open(mode, text, 0, text.length, replace);
        TextParser whole = new TextParser(limits, hash.copy(), TextParser.Timestamps.IGNORE);
        whole.reset(batch);
        byte[] bytes = body.getBytes(UTF_8);
        loop.enter();
        Parser.Result result = whole.finish(bytes, 0, bytes.length);
        Code code = result == Parser.Result.ERROR ? whole.failure().code() : seconds > 0 ? batch.pushed(seconds, 0) : Code.OK;
        loop.exit();
        code = code == Code.OK ? loop.submit(batch, null, (b, outcome, ticket) -> loop.close(b)) : code;
        if (code != Code.OK) {
            error = batch.detail();
            loop.close(batch);
        }
        return code;
    }

    /** One more event loop. */
    Ingest newIngest() {
        return new Ingest(table, limits, hash, name -> AggregationRules.DEFAULTS.policy(name), 1 << 16, () -> {});
    }

    /** Pushes a body in one piece through another event loop. */
    Code pushTo(Ingest loop, Mode mode, String body) {
        return pushAround(loop, mode, body, "", () -> {});
    }

    /** Pushes a body in two pieces, with something else in between. */
    Code pushAround(Mode mode, String first, String second, Runnable between) {
        return pushAround(ingest, mode, first, second, between);
    }

    private Code pushAround(Ingest loop, Mode mode, String first, String second, Runnable between) {
        TextParser pieces = new TextParser(limits, hash.copy(), TextParser.Timestamps.IGNORE);
        Batch batch = loop.open(mode);
        try {
            pieces.reset(batch);
            for (String piece : new String[] {first, second}) {
                byte[] bytes = piece.getBytes(UTF_8);
                loop.enter();
                Parser.Result result = pieces.parse(bytes, 0, bytes.length);
                loop.exit();
                if (result == Parser.Result.ERROR) {
                    throw new AssertionError(pieces.failure().describe());
                }
                if (piece == first) {
                    between.run();
                }
            }
            return loop.commit(batch);
        } finally {
            loop.close(batch);
        }
    }

    Snapshot snapshot() {
        AtomicReference<Snapshot> taken = new AtomicReference<>();
        commands.snapshot(taken::set);
        while (taken.get() == null) {
            keeper.doWork();
        }
        return taken.get();
    }

    String scrape() {
        return render(new TextExposition(snapshot()));
    }

    String json() {
        return render(new JsonExposition(snapshot()));
    }

    private static String render(Exposition exposition) {
        ByteBlock all = new ByteBlock(1 << 16);
        while (exposition.next(all)) {}
        return all.toString();
    }

    long delete(Selector selector) {
        AtomicReference<Long> deleted = new AtomicReference<>();
        commands.delete(selector, deleted::set);
        while (deleted.get() == null) {
            keeper.doWork();
        }
        return deleted.get();
    }
}
