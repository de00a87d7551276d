package io.weir.server.door;

import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/** {@code GET /api/v1/status}: build, flags and start, in the form of Pushgateway's API. Any thread. */
final class StatusApiDoor implements Door {
    private final Answer answer;

    StatusApiDoor(Routes.Api api) {
        StringBuilder json = new StringBuilder("{\"build_information\":");
        ApiAnswers.strings(json, new TreeMap<>(Map.of(
                "branch", "",
                "buildDate", "",
                "buildUser", "",
                "goVersion", "",
                "revision", api.revision(),
                "version", api.version())));
        ApiAnswers.strings(json.append(",\"flags\":"), new TreeMap<>(api.flags()));
        json.append(",\"start_time\":\"").append(Instant.now()).append("\"}");
        answer = ApiAnswers.success(json.toString());
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        responder.send(answer);
        return Exchange.NONE;
    }
}
