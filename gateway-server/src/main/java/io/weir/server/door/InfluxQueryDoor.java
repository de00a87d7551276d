package io.weir.server.door;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.QueryReader;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * {@code /query} of InfluxDB 1.x, as far as writers ask it before they write: databases may be created, which does nothing,
 * and listed, of which there are none. The statement is the parameter {@code q} of the URL or of a form. Any thread.
 */
final class InfluxQueryDoor implements Door {
    /** Longest form read, in bytes. */
    private static final int FORM_MAX = 8 << 10;

    private static final Pattern SPACES = Pattern.compile("\\s+");

    private final String[] headers;
    private final Answer created;
    private final Answer databases;

    InfluxQueryDoor(String... headers) {
        this.headers = headers;
        created = results("{\"statement_id\":0}");
        databases = results(
                "{\"statement_id\":0,\"series\":[{\"name\":\"databases\",\"columns\":[\"name\"]}]}");
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        String statement = request.parameter("q");
        if (statement != null) {
            responder.send(answer(statement));
            return Exchange.NONE;
        }
        return new Form(responder);
    }

    private Answer answer(String statement) {
        if (statement == null || statement.isBlank()) {
            return InfluxVersion.V1.error(400, "missing required parameter \"q\"", 0, headers);
        }
        String words = SPACES.matcher(statement.strip()).replaceAll(" ").toUpperCase(Locale.ROOT);
        if (words.startsWith("CREATE DATABASE ") || words.startsWith("CREATE RETENTION POLICY ")) {
            return created;
        }
        if (words.equals("SHOW DATABASES") || words.equals("SHOW DATABASES;")) {
            return databases;
        }
        return InfluxVersion.V1.error(
                400, "this is a gateway: it answers CREATE DATABASE and SHOW DATABASES, read values at /metrics", 0, headers);
    }

    private Answer results(String result) {
        return Answer.of(200, Answer.JSON, ("{\"results\":[" + result + "]}\n").getBytes(UTF_8), headers);
    }

    private final class Form implements Exchange {
        private final Responder responder;

        Form(Responder responder) {
            this.responder = responder;
        }

        @Override
        public int body(byte[] buffer, int offset, int length) {
            // a longer form is let go, and then lacks its statement
            return length > FORM_MAX ? length : 0;
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            QueryReader form = new QueryReader(new String(buffer, offset, Math.min(length, FORM_MAX), ISO_8859_1), 0);
            String statement = null;
            while (statement == null && form.next()) {
                statement = "q".equals(form.name()) ? form.value() : null;
            }
            responder.send(answer(statement));
        }
    }
}
