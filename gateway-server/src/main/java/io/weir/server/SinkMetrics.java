package io.weir.server;

import io.weir.server.remotewrite.DropReason;
import io.weir.server.remotewrite.RemoteWriteStats;
import io.weir.server.telemetry.Telemetry;
import java.util.List;

/** Own metrics of the outputs, {@code weir_sink_*{sink="..."}}. */
final class SinkMetrics {
    private SinkMetrics() {}

    static void register(Telemetry telemetry, List<RemoteWriteStats> all) {
        for (RemoteWriteStats s : all) {
            String[] sink = {"sink", s.sink(), "host", s.host()};
            telemetry.gauge("weir_sink_lag_seconds", "Age of the newest state that has been delivered in full.",
                    () -> s.lagSeconds(System.currentTimeMillis()), sink);
            telemetry.gauge("weir_sink_queue_series", "Time series waiting to be delivered.", s::pendingSeries, sink);
            telemetry.gauge("weir_sink_queue_bytes", "Bytes waiting to be delivered.", s::pendingBytes, sink);
            telemetry.total("weir_sink_sent_total", "Samples delivered.", s::samplesSent, sink);
            telemetry.total("weir_sink_sent_bytes_total", "Bytes of requests sent, those sent again included.", s::bytesSent, sink);
            telemetry.total("weir_sink_stale_markers_sent_total", "Stale markers delivered.", s::staleMarkersSent, sink);
            telemetry.total("weir_sink_stale_markers_lost_total", "Stale markers given up.", s::staleMarkersLost, sink);
            telemetry.total("weir_sink_exemplars_sent_total", "Exemplars delivered.", s::exemplarsSent, sink);
            telemetry.total("weir_sink_exemplars_unwritten_total",
                    "Exemplars that the receiver has not written.", s::exemplarsUnwritten, sink);
            telemetry.total("weir_sink_retries_total", "Requests sent again.", s::retries, sink);
            telemetry.total("weir_sink_superseded_total",
                    "Time series replaced by newer values before they were delivered.", s::superseded, sink);
            telemetry.total("weir_sink_flushes_total", "Flushes begun.", s::flushes, sink);
            telemetry.total("weir_sink_failed_flushes_total", "Flushes not delivered in full.", s::failedFlushes, sink);
            telemetry.gauge("weir_sink_protocol_version",
                    "Version of remote_write in use, 1 or 2; 0 while it is not known what the receiver understands.",
                    s::protocolVersion, sink);
            for (RemoteWriteStats.Outcome outcome : RemoteWriteStats.Outcome.values()) {
                telemetry.total("weir_sink_requests_total", "Requests by outcome.", () -> s.requests(outcome),
                        "sink", s.sink(), "host", s.host(), "outcome", outcome.text());
            }
            for (DropReason reason : DropReason.values()) {
                telemetry.total("weir_sink_dropped_total", "Time series given up, by reason.", () -> s.dropped(reason),
                        "sink", s.sink(), "host", s.host(), "reason", reason.text());
            }
        }
    }
}
