package io.weir.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.weir.server.config.Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

class LoggingTest {
    private static final Config.Log.Format LOGFMT = Config.Log.Format.LOGFMT;
    private static final Config.Log.Format JSON = Config.Log.Format.JSON;

    @Test
    void shouldWriteOneLogfmtLine() {
        assertThat(line(LOGFMT, event("hello world", null)))
                .isEqualTo("ts=2026-11-20T09:00:00.123Z level=warn logger=io.weir.X msg=\"hello world\"\n");
    }

    @Test
    void shouldWriteOneJsonLine() {
        assertThat(line(JSON, event("a \"b\" \\ c", null)))
                .isEqualTo("{\"ts\":\"2026-11-20T09:00:00.123Z\",\"level\":\"warn\",\"logger\":\"io.weir.X\","
                        + "\"msg\":\"a \\\"b\\\" \\\\ c\"}\n");
    }

    @Test
    void shouldWriteKeysErrorAndStack() {
        LoggingEvent event = event("m", new IllegalStateException("a\nb", new IOException("disk")));
        event.addKeyValuePair(new KeyValuePair("status", 400));
        String line = line(LOGFMT, event);
        assertThat(line)
                .contains(" msg=m status=400 error=\"java.lang.IllegalStateException: a\\nb: caused by java.io.IOException: disk\"")
                .contains(" stack=\"at io.weir.server.log.LoggingTest");
        assertThat(line.lines()).hasSize(1);
    }

    @Test
    void shouldNotLetAMessageForgeALineOrMoveTheCursor() {
        String attack = "x\nlevel=error msg=forged\r\u001b[2J\u0000\u0085\u2028\u202e\u007f";
        for (Config.Log.Format format : Config.Log.Format.values()) {
            String line = line(format, event(attack, null));
            assertThat(line.substring(0, line.length() - 1))
                    .doesNotContainPattern("[\\p{Cntrl}\u0085\u2028\u202e]")
                    .contains("x\\nlevel=error msg=forged\\r\\u001b[2J\\u0000\\u0085\\u2028\\u202e\\u007f");
        }
    }

    @Test
    void shouldCutOffVeryLongMessages() {
        assertThat(line(LOGFMT, event("x".repeat(1 << 20), null))).hasSizeLessThan(Logging.VALUE_CHARS_MAX + 200);
    }

    @Property
    void shouldWriteJsonThatReadsBackTheSame(@ForAll String message) throws IOException {
        String line = line(JSON, event(message, null));
        String kept = new String(message.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        assertThat(line.chars().filter(c -> c == '\n')).hasSize(1);
        if (kept.equals(message)) {
            assertThat(read(line)).containsEntry("msg", message);
        }
    }

    @Test
    void shouldBeWhatConfiguresLogbackWithNettyAtWarn() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        assertThat(context.getLogger("io.netty").getLevel()).isEqualTo(Level.WARN);
        assertThat(context.getLogger("ROOT").getLevel()).isEqualTo(Level.INFO);
        assertThat(context.getLogger("ROOT").getAppender("stderr")).isNotNull();
    }

    private static LoggingEvent event(String message, Throwable thrown) {
        LoggerContext context = new LoggerContext();
        LoggingEvent event =
                new LoggingEvent("", context.getLogger("io.weir.X"), Level.WARN, message, thrown, null);
        event.setInstant(Instant.parse("2026-11-20T09:00:00.123Z"));
        event.setKeyValuePairs(new ArrayList<>(List.of()));
        return event;
    }

    private static String line(Config.Log.Format format, LoggingEvent event) {
        return new String(new Logging.Lines(format).encode(event), StandardCharsets.UTF_8);
    }

    private static Map<String, String> read(String json) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.VALUE_STRING) {
                    fields.put(parser.currentName(), parser.getText());
                }
            }
        }
        return fields;
    }
}
