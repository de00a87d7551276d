package io.weir.server.remotewrite;

import io.weir.expose.SnappyBlock;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/**
 * One request of a flush from encoding to its last answer: the series it holds, the runs of them that wait to be sent, and
 * the exchange under way. A refused run is cut in halves, which become runs of their own. Outputs thread only.
 */
final class Lane {
    final SeriesBuffer series = new SeriesBuffer();

    /** Where the flush went on after this request. */
    Flush.Place after;

    /** The exchange under way, or null. */
    CompletableFuture<Transport.Reply> reply;

    /** On the nano clock. */
    long deadline;

    /** Of the run at hand, as it was encoded last. */
    private Message message;

    /** Server errors that the run at hand has met. */
    int serverErrors;

    /** The request is being taken apart because of server errors. */
    boolean isSuspect;

    /** Parts that met a server error since then. */
    int failedParts;

    /** Successes of the endpoint when the request met its first server error. */
    long successesBefore;

    private final int splitsMax;
    private boolean sentBefore;
    private int splits;
    /** A ring of runs from {@code from[i]} to {@code to[i]}. */
    private final int[] from;

    private final int[] to;
    private int head;
    private int runs;
    private byte[] compressed = new byte[0];
    private byte[] body;

    /** @param splitsMax further requests that may be spent on the parts of one request */
    Lane(int splitsMax) {
        this.splitsMax = splitsMax;
        this.from = new int[splitsMax + 2];
        this.to = new int[splitsMax + 2];
    }

    /** Begins with all that {@link #series} holds as one run. */
    void load(Flush.Place place) {
        after = place;
        isSuspect = false;
        failedParts = 0;
        splits = 0;
        head = 0;
        runs = 0;
        if (series.count() > 0) {
            push(0, series.count());
        }
        present();
    }

    boolean isEmpty() {
        return runs == 0;
    }

    boolean isInFlight() {
        return reply != null;
    }

    /** Time series that wait, those under way included. */
    int waiting() {
        int n = 0;
        for (int i = 0; i < runs; i++) {
            n += to[at(i)] - from[at(i)];
        }
        return n;
    }

    /** Series of the run at hand. */
    int size() {
        return to[head] - from[head];
    }

    /** Native histograms of the run at hand, the markers of such series included. */
    int natives() {
        return series.natives(from[head], to[head]);
    }

    /** Exemplars of the run at hand. */
    int exemplars() {
        return series.exemplars(from[head], to[head]);
    }

    /** Notes those down. */
    void exemplarsTo(SentExemplars sent) {
        int begin = series.exemplarsBefore(from[head]);
        for (int n = begin, end = begin + exemplars(); n < end; n++) {
            sent.add(series.exemplar(n));
        }
    }

    /** Stale markers of the run at hand. */
    int markers() {
        return series.markers(from[head], to[head]);
    }

    /** Whether stale markers wait, those under way included. */
    boolean hasMarkers() {
        for (int i = 0; i < runs; i++) {
            if (series.markers(from[at(i)], to[at(i)]) > 0) {
                return true;
            }
        }
        return false;
    }

    /** Name of the first metric of the run at hand. */
    String firstName() {
        return series.name(from[head]);
    }

    /** Whether the run at hand, as it is, has been sent before. */
    boolean sentBefore() {
        return sentBefore;
    }

    void sent(CompletableFuture<Transport.Reply> exchange, long deadlineNanos) {
        reply = exchange;
        deadline = deadlineNanos;
        sentBefore = true;
    }

    /** The message that {@link #body} was encoded as. */
    Message message() {
        return message;
    }

    /** The run at hand as that message, compressed; the same array for as long as it is tried. */
    byte[] body(Message as, RequestV2Encoder v2, SnappyBlock snappy) {
        if (body != null && message == as) {
            return body;
        }
        sentBefore &= body == null;
        message = as;
        if (as == Message.V1 && series.natives(from[head], to[head]) > 0) {
            byte[] classic = series.classic(from[head], to[head]);
            body = compress(snappy, classic, 0, classic.length);
        } else if (as == Message.V1) {
            int begin = series.offset(from[head]);
            body = compress(snappy, series.bytes(), begin, series.offset(to[head]) - begin);
        } else {
            v2.encode(series, from[head], to[head]);
            body = compress(snappy, v2.bytes(), 0, v2.length());
        }
        return body;
    }

    private byte[] compress(SnappyBlock snappy, byte[] bytes, int begin, int length) {
        int most = SnappyBlock.maxCompressedLength(length);
        if (compressed.length < most) {
            compressed = new byte[most];
        }
        // a copy of its own: an exchange that was given up may still be reading from it
        return Arrays.copyOf(compressed, snappy.compress(bytes, begin, length, compressed, 0));
    }

    /** The run at hand is settled; goes on with the next. */
    void settled() {
        remove();
        present();
    }

    /**
     * Cuts the run at hand in halves, which are tried after all other runs: a sibling that passes tells a bad body from a
     * bad endpoint.
     *
     * @return false when it is one series, or nothing is left to spend
     */
    boolean split() {
        if (size() == 1 || splits + 2 > splitsMax) {
            return false;
        }
        splits += 2;
        int low = from[head];
        int high = to[head];
        int middle = (low + high) >>> 1;
        remove();
        push(low, middle);
        push(middle, high);
        present();
        return true;
    }

    /** Moves the run at hand behind all others. */
    void postpone() {
        int low = from[head];
        int high = to[head];
        remove();
        push(low, high);
        present();
        sentBefore = true;
    }

    /** Forgets all that waits; returns how many series that were. */
    int abandon() {
        int n = waiting();
        runs = 0;
        present();
        return n;
    }

    private int at(int i) {
        return (head + i) % from.length;
    }

    private void push(int low, int high) {
        from[at(runs)] = low;
        to[at(runs)] = high;
        runs++;
    }

    private void remove() {
        head = at(1);
        runs--;
    }

    private void present() {
        body = null;
        sentBefore = false;
        serverErrors = 0;
    }
}
