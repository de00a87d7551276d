package io.weir.parse;

import io.weir.sample.Code;
import io.weir.sample.KeyHash;
import io.weir.sample.MetricSink;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * What all kinds of Heroku lines share: the app that their samples bear, the sink, and what was accepted and refused. Event
 * loop only; reused from body to body.
 */
final class HerokuStage {
    private static final long TWEAK = 0x6865_726f_6b75_00L;
    private static final byte[] APP = ascii("app");
    private static final int CODES = Code.values().length;

    final KeyHash hash;
    private final Consumer<String> fleeting;
    private final long[] refused = new long[CODES];
    private final byte[] scratch = new byte[2 * 256];

    MetricSink sink;
    private int items;
    private long samples;
    private boolean named;
    private byte[] app = new byte[64];
    private int appLength;
    /** Combined with what else makes an opaque key: the same bytes mean another series in another app. */
    long app0;
    long app1;

    HerokuStage(KeyHash hash, Consumer<String> fleeting) {
        this.hash = hash.copy();
        this.fleeting = fleeting;
    }

    /** @param name of the app; null to take the one in the head of each frame */
    void reset(MetricSink sink, String name) {
        this.sink = sink;
        items = 0;
        samples = 0;
        Arrays.fill(refused, 0);
        named = name != null;
        appLength = -1;
        if (named) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            app(bytes, 0, bytes.length);
        }
    }

    /** The app in the head of a frame. */
    void frameApp(byte[] b, int from, int to) {
        if (!named && !Arrays.equals(app, 0, Math.max(appLength, 0), b, from, to)) {
            app(b, from, to);
        }
    }

    private void app(byte[] b, int from, int to) {
        appLength = to - from;
        if (app.length < appLength) {
            app = new byte[2 * appLength];
        }
        System.arraycopy(b, from, app, 0, appLength);
        hash.hash(app, 0, appLength, TWEAK);
        app0 = hash.h0();
        app1 = hash.h1();
    }

    /** Each sample is an item of its own, so that one that is refused takes no other with it. */
    void item() {
        sink.item(++items);
    }

    /** The verdict on the sample at hand. */
    void settle(Code code) {
        if (code == Code.OK) {
            samples++;
        } else {
            sink.drop();
            refuse(code);
        }
    }

    void refuse(Code code) {
        refused[code.ordinal()]++;
    }

    long refused(Code code) {
        return refused[code.ordinal()];
    }

    long samples() {
        return samples;
    }

    /** Begins a definition, with the label {@code app}. */
    Code begin(byte[] name, int nameLength, byte[] help, int helpLength) {
        if (helpLength > 0) {
            byte[] both = nameLength + helpLength <= scratch.length ? scratch : new byte[nameLength + helpLength];
            System.arraycopy(name, 0, both, 0, nameLength);
            System.arraycopy(help, 0, both, nameLength, helpLength);
            sink.help(both, 0, nameLength, nameLength, helpLength);
        }
        sink.begin(name, 0, nameLength);
        return label(APP, app, 0, appLength);
    }

    /** Adds a label; an empty one is as none. */
    Code label(byte[] name, byte[] b, int from, int to) {
        if (from >= to) {
            return Code.OK;
        }
        if (!Utf8.isValid(b, from, to)) {
            return Code.BAD_UTF8;
        }
        byte[] both = name.length + to - from <= scratch.length ? scratch : new byte[name.length + to - from];
        System.arraycopy(name, 0, both, 0, name.length);
        System.arraycopy(b, from, both, name.length, to - from);
        return sink.label(both, 0, name.length, name.length, to - from, false);
    }

    /** A family whose series repeat themselves for as long as they have a source: they may end when it falls silent. */
    void fleeting(byte[] name, int length) {
        fleeting.accept(new String(name, 0, length, StandardCharsets.US_ASCII));
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static boolean startsWith(byte[] b, int from, int to, byte[] start) {
        return to - from >= start.length && Arrays.equals(b, from, from + start.length, start, 0, start.length);
    }

    static boolean isEqual(byte[] b, int from, int to, byte[] other) {
        return Arrays.equals(b, from, to, other, 0, other.length);
    }
}
