package io.weir.sample;

import java.util.function.Consumer;

/**
 * Every limit of the gateway, in one place. The unit is the last word of each name. A limit of zero or less is not a way
 * to switch a limit off; all of them always hold.
 *
 * @param bodyBytes one request's body, before and after decompression
 * @param inflateRatio inflated bytes per compressed byte, checked once a body has inflated to 1 MiB
 * @param samplesPerRequest staged samples of one request
 * @param lineBytes one line of Prometheus text
 * @param linePointBytes one line of line protocol
 * @param nameBytes a metric name
 * @param labels labels of one series
 * @param labelNameBytes a label name
 * @param labelValueBytes a label value
 * @param helpBytes a HELP text
 * @param buckets bounds of one histogram
 * @param series live series in total
 * @param familySeries live series of one family
 * @param families metric families
 * @param headers header fields of a request
 * @param headerBytes all header fields of a request
 * @param uriBytes a request target
 * @param queryParameters parameters of a query string
 * @param connections open connections
 * @param connectionsPerAddress open connections of one remote address
 * @param pipelinedRequests requests of one connection that wait for an answer
 * @param inFlightBytes staged input of all unfinished requests
 * @param headerSeconds from the first byte of a request (or the opening of a connection) to the end of its header
 * @param idleSeconds an open connection without a request
 * @param http what else holds on a connection
 */
public record Limits(
        long bodyBytes,
        int inflateRatio,
        int samplesPerRequest,
        int lineBytes,
        int linePointBytes,
        int nameBytes,
        int labels,
        int labelNameBytes,
        int labelValueBytes,
        int helpBytes,
        int buckets,
        int series,
        int familySeries,
        int families,
        int headers,
        int headerBytes,
        int uriBytes,
        int queryParameters,
        int connections,
        int connectionsPerAddress,
        int pipelinedRequests,
        long inFlightBytes,
        int headerSeconds,
        int idleSeconds,
        Http http) {

    /**
     * Further limits of a connection, in time and in what surrounds the data.
     *
     * @param chunkExtraBytes chunk extensions and trailers of one request together
     * @param bodyRateBytes a body must bring as many in each second of a window
     * @param bodyWindowSeconds over which the rate of a body is taken
     * @param stallSeconds a peer that takes nothing of its answer
     * @param lingerSeconds after the last answer, until the peer has stopped sending
     * @param lingerBytes of a body that nobody wants, read and dropped
     * @param waitSeconds a push that waits until others have been worked on
     * @param answerRateBytes of an answer that is waited for, a peer must take as many a second over {@code stallSeconds}
     * @param unreadBytes answers that are being sent, of all connections together
     * @param handshakes of TLS in progress, of all connections together
     */
    public record Http(
            int chunkExtraBytes,
            int bodyRateBytes,
            int bodyWindowSeconds,
            int stallSeconds,
            int lingerSeconds,
            int lingerBytes,
            int waitSeconds,
            int answerRateBytes,
            long unreadBytes,
            int handshakes) {
        /** The documented defaults. */
        public static final Http DEFAULTS = new Http(1 << 10, 1 << 10, 5, 10, 2, 64 << 10, 2, 16 << 10, 64L << 20, 1_000);

        /** Fewest bytes of a body in one window. */
        public long bodyWindowBytes() {
            return (long) bodyRateBytes * bodyWindowSeconds;
        }

        /** Fewest bytes of an answer that a peer must take in {@code stallSeconds}. */
        public long answerWindowBytes() {
            return (long) answerRateBytes * stallSeconds;
        }
    }

    /** Exemplars that are kept, unless told otherwise. */
    public static final int EXEMPLARS = 100_000;

    /** One frame of a Logplex drain. Logplex itself sends messages of 10 KiB at most. */
    public static final int LOGPLEX_FRAME_BYTES = 256 << 10;

    /** Digits of the length in front of a frame of a Logplex drain. */
    public static final int LOGPLEX_LENGTH_DIGITS = 9;

    /** Buckets of each sign of a native histogram; where there would be more, pairs of them become one: its schema falls. */
    public static final int NATIVE_BUCKETS = 160;

    /** The documented defaults. */
    public static final Limits DEFAULTS = new Limits(
            16L << 20,
            200,
            2_000_000,
            64 << 10,
            256 << 10,
            256,
            40,
            128,
            4096,
            4096,
            512,
            1_000_000,
            1_000_000,
            100_000,
            100,
            8 << 10,
            8 << 10,
            64,
            10_000,
            1_024,
            32,
            512L << 20,
            10,
            60,
            Http.DEFAULTS);

    /** These limits with some changed: {@code with(l -> l.series = 10)}. */
    public Limits with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.limits();
    }

    /** Limits that can still be changed, by the names of the components. One thread. */
    public static final class Draft {
        public long bodyBytes;
        public int inflateRatio;
        public int samplesPerRequest;
        public int lineBytes;
        public int linePointBytes;
        public int nameBytes;
        public int labels;
        public int labelNameBytes;
        public int labelValueBytes;
        public int helpBytes;
        public int buckets;
        public int series;
        public int familySeries;
        public int families;
        public int headers;
        public int headerBytes;
        public int uriBytes;
        public int queryParameters;
        public int connections;
        public int connectionsPerAddress;
        public int pipelinedRequests;
        public long inFlightBytes;
        public int headerSeconds;
        public int idleSeconds;
        public Http http;

        private Draft(Limits from) {
            bodyBytes = from.bodyBytes();
            inflateRatio = from.inflateRatio();
            samplesPerRequest = from.samplesPerRequest();
            lineBytes = from.lineBytes();
            linePointBytes = from.linePointBytes();
            nameBytes = from.nameBytes();
            labels = from.labels();
            labelNameBytes = from.labelNameBytes();
            labelValueBytes = from.labelValueBytes();
            helpBytes = from.helpBytes();
            buckets = from.buckets();
            series = from.series();
            familySeries = from.familySeries();
            families = from.families();
            headers = from.headers();
            headerBytes = from.headerBytes();
            uriBytes = from.uriBytes();
            queryParameters = from.queryParameters();
            connections = from.connections();
            connectionsPerAddress = from.connectionsPerAddress();
            pipelinedRequests = from.pipelinedRequests();
            inFlightBytes = from.inFlightBytes();
            headerSeconds = from.headerSeconds();
            idleSeconds = from.idleSeconds();
            http = from.http();
        }

        private Limits limits() {
            return new Limits(
                    bodyBytes, inflateRatio, samplesPerRequest, lineBytes, linePointBytes, nameBytes, labels,
                    labelNameBytes, labelValueBytes, helpBytes, buckets, series, familySeries, families,
                    headers, headerBytes, uriBytes, queryParameters, connections, connectionsPerAddress,
                    pipelinedRequests, inFlightBytes, headerSeconds, idleSeconds, http);
        }
    }
}
