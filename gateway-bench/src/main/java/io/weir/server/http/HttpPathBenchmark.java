package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
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
import io.weir.store.SeriesTable;
import io.weir.store.TableConfig;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.agrona.concurrent.SystemNanoClock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a request costs without the kernel: from the bytes of a read to those of the answer, through real doors to a store in
 * memory. The requests of one connection in turn, of series that are known. JDK 25 on a busy machine of two slow cores: a push
 * 0.9 to 1.1 us, a PATCH 0.8 to 1.1 us, one of sixteen pushes at once 0.53 us.
 *
 * <p>{@code -prof gc} shows 82 bytes for each read, however many pushes it brings: the entry of Netty's outbound buffer, which
 * threads of Netty's own take from a stock. Nothing else is made of a known sample. Before Java 25, and there with {@code
 * -jvmArgsAppend --sun-misc-unsafe-memory-access=allow}; without it Netty makes a buffer more for every copy.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = {"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "-Xmx1g"})
public class HttpPathBenchmark {
    private static final int REQUESTS = 256;
    private static final int PIPELINED = 16;
    private static final String FIELDS = " HTTP/1.1\r\nHost: 127.0.0.1:9091\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n";

    private EmbeddedChannel channel;
    private ByteBuf[] pushes;
    private ByteBuf[] pushesAsBefore;
    private ByteBuf[] patches;
    private ByteBuf[] pipelined;
    private int next;

    @Setup
    public void setUp() {
        KeyHash hash = new KeyHash(1, 2, 3, 4);
        Function<String, FamilyPolicy> policies = AggregationRules.DEFAULTS::policy;
        Limits limits = Limits.DEFAULTS;
        SeriesTable table = new SeriesTable(TableConfig.of(10_000, limits.families()), SystemNanoClock.INSTANCE, policies);
        Routes.Web web = new Routes.Web(
                "0", "", "/-/metrics", false, Set.of(), false, () -> null, () -> null, () -> null, () -> {});
        RouteTable routes = Routes.of(new Routes.Parts(
                web, new Telemetry(), limits, hash, TextParser.Timestamps.IGNORE, PushSemantics.METHOD,
                () -> PointRules.DEFAULTS, new Keeper(table, System::currentTimeMillis).commands(),
                Keeping.inMemory(new IdempotencyIndex(100, 1, System::currentTimeMillis)),
                DrainRules.DEFAULTS, new Routes.Api("1", "2", Map.of(), true)));
        Ingest ingest = new Ingest(table, limits, hash.copy(), policies, 1 << 16, () -> {});
        channel = new EmbeddedChannel();
        EventLoopContext context = new EventLoopContext(
                channel.eventLoop(), ingest, new HttpRecorder(routes.handlers().size()), System::nanoTime, 1 << 20, 1);
        Access access = new Access(new Telemetry(), System::nanoTime);
        channel.pipeline().addLast(new HttpFront(context, routes, limits, AllowedHosts.EVERY, access));

        pushes = requests(i -> push(i, 12));
        pushesAsBefore = requests(i -> push(7, 12));
        patches = requests(i -> "PATCH /metrics/clicks_total?page=" + i + FIELDS + "Content-Length: 0\r\n\r\n");
        pipelined = requests(i -> {
            StringBuilder all = new StringBuilder();
            for (int r = 0; r < PIPELINED; r++) {
                all.append(push((i + r) % REQUESTS, i + r));
            }
            return all.toString();
        });
        for (int i = 0; i < REQUESTS; i++) {
            push();
            patch();
            sixteenPushesAtOnce();
        }
    }

    private static String push(int series, int value) {
        String body = "requests_total{job=\"bench\",instance=\"i-" + 1000 + series + "\",path=\"/a/b\",code=\"200\"} " + value + "\n";
        return "POST /metrics" + FIELDS + "Content-Type: text/plain; version=0.0.4\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body;
    }

    private static ByteBuf[] requests(IntFunction<String> of) {
        ByteBuf[] requests = new ByteBuf[REQUESTS];
        for (int i = 0; i < REQUESTS; i++) {
            byte[] bytes = of.apply(i).getBytes(ISO_8859_1);
            requests[i] = PooledByteBufAllocator.DEFAULT.directBuffer(bytes.length).writeBytes(bytes);
        }
        return requests;
    }

    /** One counter of one request, its value and so its length different ones each time. */
    @Benchmark
    public int push() {
        return read(pushes);
    }

    /** The same series each time: what is left is not the store's. */
    @Benchmark
    public int pushTheSame() {
        return read(pushesAsBefore);
    }

    /** Adds one to one of 256 counters. */
    @Benchmark
    public int patch() {
        return read(patches);
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINED)
    public int sixteenPushesAtOnce() {
        return read(pipelined);
    }

    private int read(ByteBuf[] of) {
        next = (next + 1) % REQUESTS;
        ByteBuf request = of[next];
        channel.pipeline().fireChannelRead(request.readerIndex(0).retain());
        channel.pipeline().fireChannelReadComplete();
        ByteBuf answer = channel.readOutbound();
        int bytes = answer.readableBytes();
        if (answer.getByte(9) != '2') {
            throw new AssertionError(answer.toString(ISO_8859_1));
        }
        answer.release();
        return bytes;
    }
}
