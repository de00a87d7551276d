package io.weir.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.expose.ByteBlock;
import io.weir.expose.TextExposition;
import io.weir.ingest.AggregationRules;
import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.PointMapper;
import io.weir.ingest.PointRules;
import io.weir.ingest.Restore;
import io.weir.ingest.Settled;
import io.weir.parse.LineProtocolParser;
import io.weir.parse.Parser;
import io.weir.parse.ProtobufParser;
import io.weir.parse.TextParser;
import io.weir.sample.Code;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import io.weir.sample.SampleSink;
import io.weir.snapshot.Snapshot;
import io.weir.store.Keeper;
import io.weir.store.Selector;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.NanoClock;

/** A gateway without a network on a storage: it can be killed, and another one started in its place. One thread. */
final class Gateway {
    static final Settled CLOSE = (batch, outcome, ticket) -> {};

    final SeriesTable table;
    final Keeper keeper;
    final Journal journal;
    final Recovered recovered;
    final Restore restore;
    final Ingest[] loops;
    final LoopJournal[] journals;
    final KeyHash hash;
    final Limits limits;
    private final TextParser parser;

    /** Time, which tests move. */
    static final class Time {
        long nanos = 1_000_000_000L;

        long millis() {
            return 1_700_000_000_000L + nanos / 1_000_000;
        }

        void pass(long millis) {
            nanos += millis * 1_000_000;
        }
    }

    Gateway(Storage storage, JournalConfig config, Time time) {
        this(storage, config, time, 2, TableConfig.of(2_000, 200), AggregationRules.DEFAULTS::policy);
    }

    Gateway(
            Storage storage,
            JournalConfig config,
            Time time,
            int loopCount,
            TableConfig tableConfig,
            Function<String, FamilyPolicy> policies) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        // the secret differs from process to process
        hash = new KeyHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
        limits = Limits.DEFAULTS;
        EpochClock wall = time::millis;
        NanoClock clock = () -> time.nanos;
        try {
            table = new SeriesTable(tableConfig, clock, policies);
            keeper = new Keeper(table, wall);
            journal = Journal.open(storage, config, wall, clock);
            restore = new Restore(table, limits, hash);
            recovered = journal.recover(restore);
            restore.finish();
            keeper.endListener(journal.kills());
            loops = new Ingest[loopCount];
            journals = new LoopJournal[loopCount];
            for (int i = 0; i < loopCount; i++) {
                journals[i] = journal.newLoop();
                loops[i] = new Ingest(table, limits, hash, policies, 1 << 12, () -> {}, journals[i]);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        parser = new TextParser(limits, hash, TextParser.Timestamps.IGNORE);
    }

    /** Submits a body on a loop, not yet flushed. */
    Code submit(int loop, Mode mode, String body, KeyedAnswer key, Settled settled) {
        return submit(loop, mode, parser, body.getBytes(UTF_8), key, settled);
    }

    /** The same with a body of protobuf. */
    Code submit(int loop, Mode mode, byte[] body, Settled settled) {
        return submit(loop, mode, new ProtobufParser(limits, hash, TextParser.Timestamps.IGNORE), body, null, settled);
    }

    private Code submit(
            int loop, Mode mode, Parser<SampleSink> parser, byte[] bytes, KeyedAnswer key, Settled settled) {
        Ingest ingest = loops[loop];
        Batch batch = ingest.open(mode);
        parser.reset(batch);
        ingest.enter();
        Parser.Result result = parser.finish(bytes, 0, bytes.length);
        ingest.exit();
        if (result == Parser.Result.ERROR) {
            throw new IllegalArgumentException(parser.failure().describe());
        }
        Code code = ingest.submit(batch, key, (b, outcome, ticket) -> {
            ingest.close(b);
            settled.settled(b, outcome, ticket);
        });
        if (code != Code.OK) {
            ingest.close(batch);
        }
        return code;
    }

    /** Adds a body of which each series ends when it is not touched for so many seconds. */
    void postFor(long ttlSeconds, String body) {
        Batch batch = loops[0].open(Mode.ADD);
        batch.ttl(ttlSeconds);
        parser.reset(batch);
        byte[] bytes = body.getBytes(UTF_8);
        loops[0].enter();
        Parser.Result result = parser.finish(bytes, 0, bytes.length);
        loops[0].exit();
        if (result == Parser.Result.ERROR || loops[0].submit(batch, null, (b, outcome, ticket) -> loops[0].close(b)) != Code.OK) {
            throw new IllegalArgumentException(body);
        }
        loops[0].flush();
    }

    /** Submits and flushes; what became of it, or null when it was not accepted. */
    Outcome push(int loop, Mode mode, String body) {
        return push(loop, mode, body, null);
    }

    Outcome push(int loop, Mode mode, String body, KeyedAnswer key) {
        AtomicReference<Outcome> outcome = new AtomicReference<>();
        Code code = submit(loop, mode, body, key, (batch, result, ticket) -> outcome.set(result));
        loops[loop].flush();
        return code == Code.OK ? outcome.get() : null;
    }

    /** Pushes a body to a group, whose key is label text. */
    void group(int loop, Mode mode, Replace replace, String key, String body, double seconds) {
        group(loop, mode, replace, key, body, seconds, 0);
    }

    /** As above; the group ends so many seconds after its last push, 0 says nothing of it. */
    void group(int loop, Mode mode, Replace replace, String key, String body, double seconds, long ttl) {
        Ingest ingest = loops[loop];
        byte[] text = key.getBytes(UTF_8);
        Batch batch = ingest.open(mode, text, 0, text.length, replace);
        parser.reset(batch);
        byte[] bytes = body.getBytes(UTF_8);
        ingest.enter();
        Parser.Result result = parser.finish(bytes, 0, bytes.length);
        Code code = result == Parser.Result.ERROR ? parser.failure().code() : seconds > 0 ? batch.pushed(seconds, ttl) : Code.OK;
        ingest.exit();
        code = code == Code.OK ? ingest.submit(batch, null, (b, outcome, ticket) -> ingest.close(b)) : code;
        if (code != Code.OK) {
            throw new IllegalStateException(code + " " + batch.detail());
        }
        ingest.flush();
    }

    void post(String body) {
        post(0, body);
    }

    void post(int loop, String body) {
        if (push(loop, Mode.ADD, body) != Outcome.APPLIED) {
            throw new IllegalStateException(journal.failure());
        }
    }

    void put(String body) {
        if (push(0, Mode.SET, body) != Outcome.APPLIED) {
            throw new IllegalStateException(journal.failure());
        }
    }

    /** Lines of line protocol, of which none may be bad. */
    void points(int loop, String lines) {
        Ingest ingest = loops[loop];
        Batch batch = ingest.open(Mode.ADD);
        LineProtocolParser points = new LineProtocolParser(hash, limits);
        PointMapper mapper = new PointMapper(PointRules.DEFAULTS, limits, hash);
        mapper.begin(batch, null, journal.millis() * 1_000_000);
        points.reset(mapper);
        byte[] bytes = lines.getBytes(UTF_8);
        ingest.enter();
        points.finish(bytes, 0, bytes.length);
        ingest.exit();
        if (points.failed() > 0 || ingest.submitLines(batch, null, (b, outcome, ticket) -> ingest.close(b)) != Code.OK
                || batch.refused() != null) {
            throw new IllegalArgumentException(points.failures().toString());
        }
        ingest.flush();
    }

    long delete(Selector selector) {
        AtomicReference<Long> deleted = new AtomicReference<>();
        keeper.commands().delete(selector, deleted::set);
        while (deleted.get() == null) {
            keeper.doWork();
        }
        return deleted.get();
    }

    long delete(String family) {
        return delete(new Selector(family.getBytes(UTF_8), java.util.List.of()));
    }

    Snapshot snapshot() {
        AtomicReference<Snapshot> taken = new AtomicReference<>();
        keeper.commands().snapshot(taken::set);
        while (taken.get() == null) {
            keeper.doWork();
        }
        return taken.get();
    }

    String scrape() {
        TextExposition text = new TextExposition(snapshot());
        ByteBlock all = new ByteBlock(1 << 16);
        while (text.next(all)) {}
        return all.toString();
    }

    /** Takes a checkpoint now. */
    void checkpoint() {
        journal.requestCheckpoint();
        work(journal.checkpoints());
    }

    static int work(Agent agent) {
        try {
            return agent.doWork();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    void sync() {
        work(journal.sync());
    }
}
