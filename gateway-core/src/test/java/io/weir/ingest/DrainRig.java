package io.weir.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.parse.HerokuMessages;
import io.weir.parse.LogplexParser;
import io.weir.sample.Limits;
import io.weir.sample.Mode;
import java.io.ByteArrayOutputStream;
import java.util.Set;
import java.util.TreeSet;

/** From the body of a drain to the scrape, in one thread. */
final class DrainRig {
    final CoreRig core;
    final Set<String> fleeting = new TreeSet<>();
    final LogplexParser parser = new LogplexParser();
    final HerokuMessages messages;
    RefusedLines refused;

    DrainRig() {
        this(series(1 << 15));
    }

    static Limits series(int series) {
        return Limits.DEFAULTS.with(l -> l.series = series);
    }

    DrainRig(Limits limits) {
        core = new CoreRig(limits, AggregationRules.DEFAULTS);
        messages = new HerokuMessages("crates-io-heroku-metrics", limits, core.hash, fleeting::add);
    }

    /** One frame, its length counted in bytes. */
    static byte[] frame(String message) {
        byte[] bytes = message.getBytes(UTF_8);
        return join((bytes.length + " ").getBytes(UTF_8), bytes);
    }

    /** A frame of a process of {@code app}, with a newline. */
    static byte[] log(String app, String process, String text) {
        return frame("<190>1 2022-03-24T23:59:31+00:00 host " + app + " " + process + " - " + text + "\n");
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    void drain(String app, byte[] body) {
        drain(app, body, Integer.MAX_VALUE);
    }

    /** Takes a body in pieces of this size, what the parser leaves in front of each. */
    void drain(String app, byte[] body, int piece) {
        drain(app, body, pieces(body.length, piece));
    }

    private static int[] pieces(int length, int piece) {
        int n = (int) (((long) length + piece - 1) / piece);
        int[] ends = new int[Math.max(n, 1)];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = (int) Math.min((i + 1L) * piece, length);
        }
        return ends;
    }

    /** Takes a body in pieces with these ends. */
    void drain(String app, byte[] body, int[] ends) {
        Batch batch = core.ingest.open(Mode.SET);
        try {
            messages.reset(batch, app);
            parser.reset(messages);
            int start = 0;
            for (int end : ends) {
                // an array of its own shows reads beyond the end
                byte[] bytes = java.util.Arrays.copyOfRange(body, start, end);
                core.ingest.enter();
                parser.parse(bytes, 0, bytes.length);
                core.ingest.exit();
                start += parser.consumed();
            }
            core.ingest.enter();
            byte[] rest = java.util.Arrays.copyOfRange(body, start, body.length);
            parser.finish(rest, 0, rest.length);
            core.ingest.exit();
            refused = core.ingest.commitLines(batch);
        } finally {
            core.ingest.close(batch);
        }
    }

    String scrape() {
        return core.scrape();
    }
}
