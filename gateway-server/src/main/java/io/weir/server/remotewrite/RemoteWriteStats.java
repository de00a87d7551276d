package io.weir.server.remotewrite;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counters of one endpoint. Written by the outputs thread, read by any thread; each value is consistent in itself, not with
 * the others.
 */
public final class RemoteWriteStats {
    /** What became of a request. */
    public enum Outcome {
        SUCCESS("2xx"),
        REDIRECT("3xx"),
        REFUSED("4xx"),
        THROTTLED("429"),
        SERVER_ERROR("5xx"),
        /** No whole answer: refused, reset, timed out, malformed. */
        NETWORK("error");

        private final String text;

        Outcome(String text) {
            this.text = text;
        }

        /** What an answer with that status is. */
        static Outcome of(int status) {
            if (status == 429) {
                return THROTTLED;
            }
            if (status >= 200 && status < 300) {
                return SUCCESS;
            }
            return status < 400 ? REDIRECT : status < 500 ? REFUSED : SERVER_ERROR;
        }

        /** The value of the label {@code code}. */
        public String text() {
            return text;
        }
    }

    private final String sink;
    private final String host;

    private final AtomicLong samplesSent = new AtomicLong();
    private final AtomicLong staleMarkersSent = new AtomicLong();
    private final AtomicLong staleMarkersLost = new AtomicLong();
    private final AtomicLong exemplarsSent = new AtomicLong();
    private final AtomicLong exemplarsUnwritten = new AtomicLong();
    private final AtomicLong bytesSent = new AtomicLong();
    private final AtomicLong retries = new AtomicLong();
    private final AtomicLong superseded = new AtomicLong();
    private final AtomicLong flushes = new AtomicLong();
    private final AtomicLong failedFlushes = new AtomicLong();
    private final AtomicLong pendingSeries = new AtomicLong();
    private final AtomicLong pendingBytes = new AtomicLong();
    private final AtomicLong protocolVersion = new AtomicLong();
    private final AtomicLong lastSuccessMillis = new AtomicLong();
    private final AtomicLong deliveredMillis = new AtomicLong();
    private final AtomicLongArray requests = new AtomicLongArray(Outcome.values().length);
    private final AtomicLongArray dropped = new AtomicLongArray(DropReason.values().length);

    RemoteWriteStats(String sink, String host, long startMillis) {
        this.sink = sink;
        this.host = host;
        this.deliveredMillis.set(startMillis);
    }

    /** The value of the label {@code sink}: {@code remote_write_0} for the first endpoint. */
    public String sink() {
        return sink;
    }

    /** Host of the endpoint. */
    public String host() {
        return host;
    }

    /** Samples that the receiver has accepted, stale markers included. */
    public long samplesSent() {
        return samplesSent.get();
    }

    public long staleMarkersSent() {
        return staleMarkersSent.get();
    }

    /** Ended series that were forgotten before they could be marked; they fade out at the receiver by its lookback. */
    public long staleMarkersLost() {
        return staleMarkersLost.get();
    }

    /** Exemplars that the receiver says it has written. */
    public long exemplarsSent() {
        return exemplarsSent.get();
    }

    /** Exemplars that it does not say it has written, of requests that it has otherwise taken; they do not come again. */
    public long exemplarsUnwritten() {
        return exemplarsUnwritten.get();
    }

    /** Compressed bytes of all requests, retries included. */
    public long bytesSent() {
        return bytesSent.get();
    }

    public long requests(Outcome outcome) {
        return requests.get(outcome.ordinal());
    }

    /** Requests that repeated the body of an earlier one. */
    public long retries() {
        return retries.get();
    }

    /** Samples given up for good; their series come again with the next flush, unless the receiver refuses those too. */
    public long dropped(DropReason reason) {
        return dropped.get(reason.ordinal());
    }

    /** Samples that a newer flush has replaced before they were delivered; this costs resolution, not data. */
    public long superseded() {
        return superseded.get();
    }

    /** Flushes that had something to send, finished or not. */
    public long flushes() {
        return flushes.get();
    }

    /** Flushes that were replaced or delivered nothing. */
    public long failedFlushes() {
        return failedFlushes.get();
    }

    /** Time series of the flush under way that have not been answered for. */
    public long pendingSeries() {
        return pendingSeries.get();
    }

    /** Encoded bytes in memory that wait for an answer, before compression. */
    public long pendingBytes() {
        return pendingBytes.get();
    }

    /** Major version of remote_write that the receiver is sent: 1, 2, or 0 while it is not known what it understands. */
    public long protocolVersion() {
        return protocolVersion.get();
    }

    /** When the receiver last accepted a request, milliseconds since the epoch; 0 for never. */
    public long lastSuccessMillis() {
        return lastSuccessMillis.get();
    }

    /** How far the receiver is behind: age of the newest snapshot that was delivered, or of the start when none was. */
    public double lagSeconds(long nowMillis) {
        return Math.max(0, nowMillis - deliveredMillis.get()) / 1e3;
    }

    void delivered(int samples, int markers, long nowMillis) {
        add(samplesSent, samples);
        add(staleMarkersSent, markers);
        lastSuccessMillis.lazySet(nowMillis);
    }

    void exemplars(int written, int unwritten) {
        add(exemplarsSent, written);
        add(exemplarsUnwritten, unwritten);
    }

    void request(Outcome outcome) {
        requests.lazySet(outcome.ordinal(), requests.get(outcome.ordinal()) + 1);
    }

    void sending(int bytes, boolean again) {
        add(bytesSent, bytes);
        add(retries, again ? 1 : 0);
    }

    void drop(DropReason reason, long series) {
        dropped.lazySet(reason.ordinal(), dropped.get(reason.ordinal()) + series);
    }

    void supersede(long series) {
        add(superseded, series);
    }

    void flush() {
        add(flushes, 1);
    }

    void flushFailed() {
        add(failedFlushes, 1);
    }

    void flushDelivered(long timestampMillis) {
        deliveredMillis.lazySet(timestampMillis);
    }

    void markersLost(long series) {
        add(staleMarkersLost, series);
    }

    void protocol(Message message) {
        protocolVersion.lazySet(message == Message.V1 ? 1 : 2);
    }

    void pending(long series, long bytes) {
        pendingSeries.lazySet(series);
        pendingBytes.lazySet(bytes);
    }

    /** The outputs thread is the only writer. */
    private static void add(AtomicLong counter, long n) {
        counter.lazySet(counter.get() + n);
    }
}
