package io.weir.server.door;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;

/** {@code /}: what this is and which doors there are, as text. Any thread. */
final class LandingDoor implements Door {
    private final Answer page;

    LandingDoor(String version, String prefix, String telemetryPath) {
        String text = """
                Weir %1$s, an aggregating push gateway: push from anywhere, aggregate exactly, scrape and remote_write.

                Push
                  POST   %2$s/metrics                    Prometheus text; adds
                  PUT    %2$s/metrics                    Prometheus text; sets
                  PATCH  %2$s/metrics/{name}?label=value counter + 1, or + the number in the body
                  POST   %2$s/write                      Influx line protocol, also /api/v2/write
                  DELETE %2$s/metrics/{name}?label=value these series; without labels the family; __all for everything

                Read
                  GET    %2$s/metrics                    everything, text 0.0.4 or JSON (?format=json)

                This gateway
                  GET    %2$s/-/healthy  %2$s/-/ready  %2$s%3$s
                """.formatted(version, prefix, telemetryPath);
        page = Answer.of(200, Answer.TEXT, text.getBytes(UTF_8));
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        responder.send(page);
        return Exchange.NONE;
    }
}
