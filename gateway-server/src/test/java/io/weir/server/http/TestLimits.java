package io.weir.server.http;

import io.weir.sample.Limits;
import java.util.function.Consumer;

/** The default limits with some of them changed. */
public final class TestLimits {
    public int pipelinedRequests = Limits.DEFAULTS.pipelinedRequests();
    public int connections = Limits.DEFAULTS.connections();
    public int connectionsPerAddress = Limits.DEFAULTS.connectionsPerAddress();
    public long inFlightBytes = Limits.DEFAULTS.inFlightBytes();
    public int samplesPerRequest = Limits.DEFAULTS.samplesPerRequest();
    public int series = Limits.DEFAULTS.series();
    public int familySeries = Limits.DEFAULTS.familySeries();
    public int families = Limits.DEFAULTS.families();
    public Limits.Http http = Limits.DEFAULTS.http();

    private TestLimits() {}

    public static Limits with(Consumer<TestLimits> change) {
        TestLimits l = new TestLimits();
        change.accept(l);
        Limits d = Limits.DEFAULTS;
        return new Limits(
                d.bodyBytes(), d.inflateRatio(), l.samplesPerRequest, d.lineBytes(), d.linePointBytes(), d.nameBytes(),
                d.labels(), d.labelNameBytes(), d.labelValueBytes(), d.helpBytes(), d.buckets(), l.series,
                l.familySeries, l.families,
                d.headers(), d.headerBytes(), d.uriBytes(), d.queryParameters(), l.connections, l.connectionsPerAddress,
                l.pipelinedRequests, l.inFlightBytes, d.lagMillis(), d.headerSeconds(), d.idleSeconds(), l.http);
    }
}
