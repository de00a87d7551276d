package io.weir.parse;

import static io.weir.parse.HerokuStage.ascii;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.sample.MetricSink;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Makes metrics of the messages of a Heroku app: router lines, samples of add-ons and dynos, platform errors, and metrics
 * that the app itself writes as {@code PREFIX:ingest BASE64}. All other messages mean nothing here and are counted only.
 * Event loop only; reused from body to body.
 */
public final class HerokuMessages implements LogplexParser.Messages {
    /** What a message was read as. */
    public enum Kind {
        ROUTER,
        SAMPLES,
        INGEST,
        PLATFORM_ERROR,
        OTHER
    }

    /** What the lines with metrics of the source begin with. */
    public static final String PREFIX_DEFAULT = "crates-io-heroku-metrics";

    private static final int KINDS = Kind.values().length;
    private static final byte[] ROUTER = ascii("router");
    private static final byte[] HEROKU = ascii("heroku");

    private final HerokuStage stage;
    private final RouterLines router;
    private final LogSamples samples;
    private final PlatformErrors errors;
    private final VectorMetrics vector;
    private final byte[] ingest;
    private final long[] kinds = new long[KINDS];

    /**
     * @param prefix what stands before {@code :ingest } in lines with metrics
     * @param fleeting told the name of each family whose series repeat themselves as long as they have a source, before a
     *     series of it is staged; on the event loop
     */
    public HerokuMessages(String prefix, Limits limits, KeyHash hash, Consumer<String> fleeting) {
        stage = new HerokuStage(hash, fleeting);
        router = new RouterLines(stage);
        samples = new LogSamples(stage);
        errors = new PlatformErrors(stage);
        vector = new VectorMetrics(stage, limits);
        ingest = (prefix + ":ingest ").getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    /**
     * Begins a body.
     *
     * @param app value of the label {@code app}; null to take that of each frame
     */
    public void reset(MetricSink sink, String app) {
        stage.reset(sink, app);
        router.reset();
        Arrays.fill(kinds, 0);
    }

    @Override
    public void message(byte[] b, int app, int appEnd, int process, int processEnd, int text, int end) {
        stage.frameApp(b, app, appEnd);
        kinds[read(b, app, appEnd, process, processEnd, text, end).ordinal()]++;
    }

    private Kind read(byte[] b, int app, int appEnd, int process, int processEnd, int text, int end) {
        if (HerokuStage.isEqual(b, process, processEnd, ROUTER)) {
            router.line(b, text, end);
            return Kind.ROUTER;
        }
        if (HerokuStage.startsWith(b, text, end, ingest)) {
            vector.line(b, process, processEnd, text + ingest.length, end);
            return Kind.INGEST;
        }
        if (HerokuStage.isEqual(b, app, appEnd, HEROKU) && errors.line(b, process, processEnd, text, end)) {
            return Kind.PLATFORM_ERROR;
        }
        return samples.line(b, app, appEnd, process, processEnd, text, end) ? Kind.SAMPLES : Kind.OTHER;
    }

    @Override
    public void passedOver(Code code) {
        stage.refuse(code);
    }

    /** Messages of a kind since {@link #reset}. */
    public long count(Kind kind) {
        return kinds[kind.ordinal()];
    }

    /** What was refused for this reason since {@link #reset}: samples, lines or frames. */
    public long refused(Code code) {
        return stage.refused(code);
    }

    /** Samples the sink has taken since {@link #reset}. */
    public long samples() {
        return stage.samples();
    }
}
