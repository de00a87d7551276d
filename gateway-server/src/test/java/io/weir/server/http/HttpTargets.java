package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.DuplexChannel;
import io.weir.fuzz.FuzzLimits;
import io.weir.fuzz.FuzzTarget;
import io.weir.ingest.AggregationRules;
import io.weir.ingest.Ingest;
import io.weir.ingest.PointRules;
import io.weir.journal.IdempotencyIndex;
import io.weir.parse.TextParser;
import io.weir.sample.FamilyPolicy;
import io.weir.sample.KeyHash;
import io.weir.sample.Limits;
import io.weir.server.auth.Access;
import io.weir.server.config.PushSemantics;
import io.weir.server.door.DrainRules;
import io.weir.server.door.Keeping;
import io.weir.server.door.Routes;
import io.weir.server.telemetry.Telemetry;
import io.weir.store.Keeper;
import io.weir.store.Selector;
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import java.util.zip.Inflater;

/** What reads a connection: the codec with everything behind it, up to real doors and a real store, without a socket. */
public final class HttpTargets {
    private static final String HOST = "Host: a\r\n";

    private HttpTargets() {}

    public static List<FuzzTarget> all() {
        return List.of(
                new CodecTarget(seedsFor("/echo", "/lines"), WORDS), new Front(), new Doors(), new Inflate(), new Query());
    }

    private static List<byte[]> bytes(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(ISO_8859_1)).toList();
    }

    private static void must(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    private static int hash(byte[] bytes) {
        int h = Arrays.hashCode(bytes) * 0x9e37_79b9;
        return (h ^ h >>> 15) & 0x7fff_ffff;
    }

    private static final List<byte[]> WORDS = bytes("\r\n", "\r\n\r\n", "\n", " ", "\t", ":", ";", ",", "HTTP/1.0", "HTTP/1.1", "HTTP/9.9",
            "GET ", "POST ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS * ", "Host: b\r\n", "Content-Length: 3\r\n",
            "Content-Length: +3\r\n", "Content-Length: 03\r\n", "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: ,chunked\r\n", "Transfer-Encoding: chunked, x\r\n",
            "Connection: close\r\n", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n", "Content-Encoding: gzip\r\n",
            "Content-Encoding: deflate\r\n", "Accept: application/json\r\n", "Accept-Encoding: gzip\r\n",
            "Idempotency-Key: k\r\n", "X-Weir-Durability: memory\r\n", "If-None-Match: \"x\"\r\n", "0\r\n\r\n", "3\r\nabc\r\n",
            "3;x=\"\r\n\"\r\n", "ffffffff\r\n", "?ack=memory", "?name[]=a", "?format=json", "%00", "%2e%2e", "%", "/../",
            "/metrics", "/write", "/api/v2/write", "?precision=ms&db=x", "\0", "\u00ff", "a 1\n", "cpu v=1 1\n");

    /** Connections that share what those of one event loop share. */
    private static final class Rig {
        final HandLoop loop = new HandLoop();
        final Keeper keeper;
        private final EventLoopContext context;
        private final RouteTable routes;
        private final Limits limits;
        private final Access access = new Access(new Telemetry(), System::nanoTime);

        Rig(RouteTable routes, Limits limits, Ingest ingest, Keeper keeper) {
            this.routes = routes;
            this.limits = limits;
            this.keeper = keeper;
            this.context = new EventLoopContext(
                    loop, ingest, new HttpRecorder(routes.handlers().size()), () -> 1, limits.inFlightBytes(),
                    limits.http().waitSeconds());
        }

        /** Everything a connection answers to these pieces. */
        byte[] answer(byte[]... pieces) {
            EmbeddedChannel channel = new TwoWay(new HttpFront(context, routes, limits, AllowedHosts.EVERY, access));
            List<ByteBuf> sent = new ArrayList<>();
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            for (byte[] piece : pieces) {
                if (channel.isOpen() && piece.length > 0) {
                    ByteBuf buffer = Unpooled.wrappedBuffer(piece);
                    sent.add(buffer);
                    channel.writeInbound(buffer);
                    settle(channel, answer);
                }
            }
            channel.finish();
            settle(channel, answer);
            channel.releaseInbound();
            channel.checkException();
            for (ByteBuf buffer : sent) {
                must(buffer.refCnt() == 0, "a buffer was not released");
            }
            must(context.book(limits.inFlightBytes()), "input is still booked");
            context.unbook(limits.inFlightBytes());
            return answer.toByteArray();
        }

        private void settle(EmbeddedChannel channel, ByteArrayOutputStream answer) {
            for (boolean busy = true; busy; ) {
                channel.runPendingTasks();
                busy = loop.runAll();
                busy |= keeper != null && keeper.doWork() > 0;
                for (ByteBuf out; (out = channel.readOutbound()) != null; busy = true) {
                    byte[] bytes = new byte[out.readableBytes()];
                    out.readBytes(bytes);
                    answer.writeBytes(bytes);
                    out.release();
                }
            }
        }
    }

    /** Ends its two directions one by one, as a TCP connection does. */
    private static final class TwoWay extends EmbeddedChannel implements DuplexChannel {
        private boolean outputShutdown;

        TwoWay(ChannelHandler... handlers) {
            super(handlers);
        }

        @Override
        public boolean isInputShutdown() {
            return false;
        }

        @Override
        public ChannelFuture shutdownInput() {
            throw new UnsupportedOperationException();
        }

        @Override
        public ChannelFuture shutdownInput(ChannelPromise promise) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isOutputShutdown() {
            return outputShutdown;
        }

        @Override
        public ChannelFuture shutdownOutput() {
            outputShutdown = true;
            return newSucceededFuture();
        }

        @Override
        public ChannelFuture shutdownOutput(ChannelPromise promise) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isShutdown() {
            return outputShutdown;
        }

        @Override
        public ChannelFuture shutdown() {
            throw new UnsupportedOperationException();
        }

        @Override
        public ChannelFuture shutdown(ChannelPromise promise) {
            throw new UnsupportedOperationException();
        }
    }

    /** Status codes in the order of the answers; what is no answer fails. */
    private static List<Integer> statuses(byte[] answer, int requestsMax) {
        String text = new String(answer, ISO_8859_1);
        List<Integer> statuses = new ArrayList<>();
        for (int at = 0; at >= 0 && at < text.length(); ) {
            must(text.startsWith("HTTP/1.1 ", at), "no answer begins at " + at + " of " + text);
            int status = Integer.parseInt(text, at + 9, at + 12, 10);
            must(status != 500, "an error of the server: " + text);
            statuses.add(status);
            at = text.indexOf("HTTP/1.1 ", at + 1);
        }
        must(statuses.size() <= requestsMax, statuses.size() + " answers to at most " + requestsMax + " requests");
        return statuses;
    }

    /**
     * The answers without a last one that refuses what is no request. A line that is both malformed and too long meets one
     * or the other rule of the codec depending on how much of it is there.
     */
    private static String verdict(byte[] answer) {
        String text = new String(answer, ISO_8859_1);
        int last = text.lastIndexOf("HTTP/1.1 ");
        boolean isRefusal = last >= 0 && text.startsWith("4", last + 9) && text.indexOf("\r\nConnection: close\r\n", last) > 0;
        return isRefusal && List.of("400", "414", "431").contains(text.substring(last + 9, last + 12))
                ? text.substring(0, last) : text;
    }

    /** Heads, framing, pipelining and compression, cut anywhere: the same answer, byte for byte. */
    private static final class Front implements FuzzTarget {
        private static final Limits LIMITS = FuzzLimits.of("body=300", "inflate-ratio=20", "headers=8", "header-size=200",
                "uri=80", "query-parameters=3", "in-flight=10000");
        private static final Pattern EMPTY_LINES = Pattern.compile("[\\x00-\\x20\\x7f]{60}");
        private final Rig rig = new Rig(new TestDoors().routes("").build(), LIMITS, null, null);

        @Override
        public String name() {
            return "http";
        }

        @Override
        public int weight() {
            return 6;
        }

        @Override
        public List<byte[]> words() {
            return WORDS;
        }

        @Override
        public List<byte[]> seeds() {
            return seedsFor("/echo", "/lines");
        }

        @Override
        public long run(byte[] input) {
            String text = new String(input, ISO_8859_1);
            String others = text.replace("/stream?blocks=2 ", "");
            if (others.contains("/later") || others.contains("/broken") || others.contains("/stream")) {
                return 0; // doors that never answer, or break on purpose
            }
            if (EMPTY_LINES.matcher(text).find()) {
                rig.answer(input);
                return 2; // in front of a request they are too long a line when they come at once, and passed over when not
            }
            int half = hash(input) % (input.length + 1);
            byte[] whole = rig.answer(input);
            byte[] cut = rig.answer(Arrays.copyOf(input, half), Arrays.copyOfRange(input, half, input.length));
            must(verdict(whole).equals(verdict(cut)), "cut at " + half + " it answers " + new String(cut, ISO_8859_1)
                    + " instead of " + new String(whole, ISO_8859_1));
            // Echoes of what looks like an answer are none.
            return text.contains("HTTP/1.1 ") && text.contains("/echo") ? 1 : statuses(whole, input.length).hashCode();
        }
    }

    private static List<byte[]> seedsFor(String echo, String lines) {
        List<byte[]> seeds = new ArrayList<>(bytes(
                "GET /ok HTTP/1.1\r\n" + HOST + "\r\n",
                "POST " + echo + " HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\n\r\nabc 1GET /ok HTTP/1.1\r\n" + HOST + "\r\n",
                "POST " + lines + " HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n3;x=y\r\nb 2\r\n0\r\n\r\n",
                "GET /ok HTTP/1.0\r\n\r\n",
                "POST " + lines + " HTTP/1.1\r\n" + HOST + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\na 1\n",
                "OPTIONS * HTTP/1.1\r\n" + HOST + "\r\nHEAD /stream?blocks=2 HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n"));
        for (String coding : List.of("gzip", "deflate")) {
            byte[] body = coding.equals("gzip") ? gzip("a 1\nb 2\n") : zlib("a 1\nb 2\n");
            ByteArrayOutputStream seed = new ByteArrayOutputStream();
            seed.writeBytes(("POST " + lines + " HTTP/1.1\r\n" + HOST + "Content-Encoding: " + coding + "\r\nContent-Length: "
                    + body.length + "\r\n\r\n").getBytes(ISO_8859_1));
            seed.writeBytes(body);
            seeds.add(seed.toByteArray());
        }
        return seeds;
    }

    private static byte[] gzip(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(UTF_8));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] zlib(String text) {
        Deflater deflater = new Deflater();
        deflater.setInput(text.getBytes(UTF_8));
        deflater.finish();
        byte[] out = new byte[200];
        int length = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, length);
    }

    /** All doors with a real store, which fills up to its limits and is emptied now and then. */
    private static final class Doors implements FuzzTarget {
        private static final Limits LIMITS = FuzzLimits.of("samples-per-request=50", "line=1000", "line-point=1000", "name=40",
                "labels=6", "label-name=20", "label-value=100", "help=60", "buckets=8", "family-series=300", "families=100");
        private static final int SERIES_MAX = 500;
        private static final int EMPTY_EVERY = 10_000;
        private final Rig rig;
        private final Keeper keeper;
        private int runs;

        Doors() {
            KeyHash hash = new KeyHash(1, 2, 3, 4);
            Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
            SeriesTable table = new SeriesTable(
                    TableConfig.of(SERIES_MAX, LIMITS.families()), System::nanoTime, policies);
            keeper = new Keeper(table, () -> 1_700_000_000_000L);
            Routes.Web web = new Routes.Web("0", "", "/-/metrics", false, Set.of(), false, () -> null, () -> null, () -> null, () -> {});
            RouteTable routes = Routes.of(new Routes.Parts(
                    web, new Telemetry(), LIMITS, hash, TextParser.Timestamps.IGNORE, PushSemantics.METHOD,
                    () -> PointRules.DEFAULTS,
                    keeper.commands(), Keeping.inMemory(new IdempotencyIndex(100, 1, System::currentTimeMillis)),
                    DrainRules.DEFAULTS, new Routes.Api("1", "2", Map.of(), true)));
            rig = new Rig(routes, LIMITS, new Ingest(table, LIMITS, hash.copy(), policies, 1 << 10, () -> {}), keeper);
        }

        @Override
        public String name() {
            return "doors";
        }

        @Override
        public int weight() {
            return 6;
        }

        @Override
        public int bytesMax() {
            return 768;
        }

        @Override
        public List<byte[]> words() {
            List<byte[]> words = new ArrayList<>(WORDS);
            words.addAll(bytes("{a=\"b\"}", "# TYPE a counter\n", "# TYPE a histogram\n", "a_bucket{le=\"1\"} 1\n", "a_sum 2\n",
                    "a_count 1\n", "{\"value\":5}", "{\"value\":", "1e400", "NaN", "-1", "\"a 1\\n\"", "\\u00", "__all",
                    "?a=b&c=d", "&", "=", "+", "\u00c3\u00a9", ",t=x v=2i", "\""));
            return words;
        }

        @Override
        public List<byte[]> seeds() {
            List<byte[]> seeds = new ArrayList<>(seedsFor("/metrics", "/metrics"));
            seeds.addAll(bytes(
                    "PATCH /metrics/a_total?x=y HTTP/1.1\r\n" + HOST + "Idempotency-Key: 1\r\n\r\nGET /metrics HTTP/1.1\r\n" + HOST + "\r\n",
                    "PATCH /metrics/a_total HTTP/1.1\r\n" + HOST + "Accept: application/json\r\nContent-Length: 11\r\n\r\n{\"value\":5}",
                    "DELETE /metrics/a_total?x=y HTTP/1.1\r\n" + HOST + "\r\nDELETE /metrics/__all HTTP/1.1\r\n" + HOST + "\r\n",
                    "PUT /metrics HTTP/1.1\r\n" + HOST + "Content-Length: 40\r\n\r\n# TYPE g gauge\n# HELP g A text.\ng{a=\"b\"} 1",
                    "POST /metrics HTTP/1.1\r\n" + HOST + "Content-Length: 78\r\n\r\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n"
                            + "h_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
                    "POST /metrics HTTP/1.1\r\n" + HOST + "Content-Length: 8\r\n\r\n\"a 1\\n\" \n",
                    "POST /write?db=x&precision=ms HTTP/1.1\r\n" + HOST + "Content-Length: 24\r\n\r\ncpu,h=a v=1,w=2i 1\nm v=t\n",
                    "POST /api/v2/write?bucket=b HTTP/1.1\r\n" + HOST + "Content-Length: 18\r\n\r\ncpu,h=a v=\"x\",w\nm",
                    "GET /metrics?name[]=a_total&format=json HTTP/1.1\r\n" + HOST + "Accept-Encoding: gzip\r\nIf-None-Match: \"1\"\r\n\r\n",
                    "GET /query?q=SHOW+DATABASES HTTP/1.1\r\n" + HOST + "\r\nGET /ping HTTP/1.1\r\n" + HOST + "\r\n",
                    "GET /-/healthy HTTP/1.1\r\n" + HOST + "\r\nPOST /-/quit HTTP/1.1\r\n" + HOST + "\r\nGET / HTTP/1.1\r\n" + HOST + "\r\n"));
            return seeds;
        }

        @Override
        public long run(byte[] input) {
            if (++runs % EMPTY_EVERY == 0) {
                keeper.commands().delete(Selector.all(), deleted -> {});
                keeper.doWork();
            }
            int half = hash(input) % (input.length + 1);
            byte[] answer = rig.answer(Arrays.copyOf(input, half), Arrays.copyOfRange(input, half, input.length));
            // What was pushed may say anything when it is read again.
            return answer.length > 9 && answer[9] != '2' ? statuses(answer, input.length).hashCode() : first(answer);
        }

        private static long first(byte[] answer) {
            must(answer.length == 0 || new String(answer, ISO_8859_1).startsWith("HTTP/1.1 "), "no answer");
            must(!new String(answer, ISO_8859_1).contains("HTTP/1.1 500"), "an error of the server");
            return Math.min(answer.length, 300) / 20;
        }
    }

    /** gzip, deflate, snappy and zstd: damaged is refused, and cuts change nothing. */
    private static final class Inflate implements FuzzTarget {
        private static final int INFLATED_MAX = 4_000;
        private static final Limits LIMITS = FuzzLimits.of("body=" + INFLATED_MAX, "inflate-ratio=200");
        private final Inflater inflater = new Inflater(true);
        private final byte[] out = new byte[INFLATED_MAX + 100];
        private final byte[] again = new byte[INFLATED_MAX + 100];
        private int length;

        @Override
        public String name() {
            return "inflate";
        }

        @Override
        public int weight() {
            return 28;
        }

        @Override
        public List<byte[]> seeds() {
            List<byte[]> seeds = new ArrayList<>();
            for (String text : List.of("", "a 1\n", "a{b=\"c\"} 1\n".repeat(50))) {
                seeds.add(gzip(text));
                seeds.add(zlib(text));
                seeds.add(BodyInflaterTest.snappy(text.getBytes(ISO_8859_1)));
                seeds.add(BodyInflaterTest.zstd(text.getBytes(ISO_8859_1)));
            }
            byte[] two = Arrays.copyOf(gzip("a"), gzip("a").length * 2);
            System.arraycopy(gzip("a"), 0, two, two.length / 2, two.length / 2);
            seeds.add(two);
            byte[] fields = gzip("a");
            byte[] extra = {0x1f, (byte) 0x8b, 8, 12 | 4, 0, 0, 0, 0, 0, 0, 2, 0, 'x', 'y', 'n', 0};
            byte[] named = Arrays.copyOf(extra, extra.length + fields.length - 10);
            System.arraycopy(fields, 10, named, extra.length, fields.length - 10);
            seeds.add(named);
            return seeds;
        }

        @Override
        public long run(byte[] input) {
            HeadRules.Coding coding = coding(input.length == 0 ? 0 : input[0] & 0xff);
            int half = hash(input) % (input.length + 1);
            Refusal whole = inflate(coding, out, input);
            int all = length;
            Refusal cut = inflate(coding, again, Arrays.copyOf(input, half), Arrays.copyOfRange(input, half, input.length));
            // Damage and size may both be there; which is seen first is a matter of cuts.
            must((whole == null) == (cut == null), whole + " whole, " + cut + " cut at " + half);
            must(whole != null || all == length && Arrays.equals(out, 0, all, again, 0, length), "another text when cut");
            return coding.ordinal() << 8 | (whole == null ? 100 + Math.min(all, 50) : whole.ordinal());
        }

        private static HeadRules.Coding coding(int first) {
            return switch (first) {
                case 0x78 -> HeadRules.Coding.DEFLATE;
                case 0xff -> HeadRules.Coding.SNAPPY;
                case 0x28, 0x50 -> HeadRules.Coding.ZSTD;
                default -> HeadRules.Coding.GZIP;
            };
        }

        private BodyInflater open(HeadRules.Coding coding) {
            return switch (coding) {
                case SNAPPY -> new SnappyInflater(LIMITS);
                case ZSTD -> new ZstdInflater(LIMITS);
                default -> {
                    inflater.reset();
                    yield new DeflateInflater(inflater, coding == HeadRules.Coding.GZIP, LIMITS);
                }
            };
        }

        private Refusal inflate(HeadRules.Coding coding, byte[] to, byte[]... pieces) {
            BodyInflater body = open(coding);
            length = 0;
            try {
                for (byte[] piece : pieces) {
                    body.input(piece, 0, piece.length);
                    for (int n; (n = body.inflate(to, length, to.length - length)) > 0; length += n) {
                        must(body.given() <= INFLATED_MAX, "more than the limit");
                    }
                    if (body.refusal() != null) {
                        return body.refusal();
                    }
                }
                return body.atEnd();
            } finally {
                if (body instanceof ZstdInflater) {
                    body.close(null);
                }
            }
        }
    }

    /** Query strings, percent-encoding and list fields. */
    private static final class Query implements FuzzTarget {
        @Override
        public String name() {
            return "query";
        }

        @Override
        public int weight() {
            return 80;
        }

        @Override
        public List<byte[]> seeds() {
            return bytes("name[]=a&name%5B%5D=b&format=json", "a=%41%zz&=&&b=c=d+e", "gzip;q=0, text/plain; q=0.5 ,*/*");
        }

        @Override
        public List<byte[]> words() {
            return bytes("%", "%4", "%41", "%zz", "&", "=", "+", "name[]", ",", ";q=", ";q=0.0", "gzip", " ");
        }

        @Override
        public long run(byte[] input) {
            String text = new String(input, ISO_8859_1);
            QueryReader reader = new QueryReader(text, 0);
            byte[] out = new byte[2 * input.length];
            int parameters = 0;
            int broken = 0;
            for (; reader.next(); parameters++) {
                must(parameters <= input.length, "more parameters than bytes");
                int end = reader.name(out, 0);
                must(end < 0 == (reader.name() == null), "two verdicts on a name");
                int valueEnd = reader.value(out, Math.max(0, end));
                must(valueEnd < 0 == (reader.value() == null), "two verdicts on a value");
                broken += end < 0 || valueEnd < 0 ? 1 : 0;
            }
            boolean named = Accept.names(text, "gzip");
            must(!named || text.toLowerCase(java.util.Locale.ROOT).contains("gzip"), "accepts what is not named");
            return Math.min(parameters, 20) << 6 | Math.min(broken, 20) << 1 | (named ? 1 : 0);
        }
    }
}
