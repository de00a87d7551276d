package io.weir.server.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.EncoderBase;
import ch.qos.logback.core.spi.ContextAwareBase;
import io.weir.server.config.Config;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/**
 * The log: one line on standard error for each event, as logfmt or JSON, with {@code ts}, {@code level}, {@code logger},
 * {@code msg}, the event's own keys and {@code error}. Control characters are escaped, so that what others send can
 * neither forge a line nor move a terminal's cursor. Configured in code: logback finds this class as its
 * {@link Configurator} and reads no XML. Any thread.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_HIGH_PRIORITY)
public final class Logging extends ContextAwareBase implements Configurator {
    /** Longest message, error or value; the rest is cut off. */
    static final int VALUE_CHARS_MAX = 8_192;

    private static final int FRAMES_MAX = 20;
    private static final int CAUSES_MAX = 5;
    private static final String HEX = "0123456789abcdef";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        install(context, Config.Log.DEFAULTS);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** Sets level and form for the whole process; Netty stays at WARN. */
    public static void configure(Config.Log log) {
        install((LoggerContext) LoggerFactory.getILoggerFactory(), log);
    }

    static void install(LoggerContext context, Config.Log log) {
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        Lines lines = new Lines(log.format());
        lines.setContext(context);
        lines.start();
        appender.setContext(context);
        appender.setName("stderr");
        appender.setTarget("System.err");
        appender.setEncoder(lines);
        appender.start();
        ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        root.setLevel(Level.toLevel(log.level().name()));
        context.getLogger("io.netty").setLevel(log.level() == Config.Log.Level.ERROR ? Level.ERROR : Level.WARN);
    }

    /** One event, one line. */
    static final class Lines extends EncoderBase<ILoggingEvent> {
        private final boolean json;

        Lines(Config.Log.Format format) {
            json = format == Config.Log.Format.JSON;
        }

        @Override
        public byte[] headerBytes() {
            return null;
        }

        @Override
        public byte[] footerBytes() {
            return null;
        }

        @Override
        public byte[] encode(ILoggingEvent event) {
            StringBuilder line = new StringBuilder(256);
            field(line, "ts", event.getInstant() == null ? "" : event.getInstant().toString());
            field(line, "level", event.getLevel().toString().toLowerCase(Locale.ROOT));
            field(line, "logger", event.getLoggerName());
            field(line, "msg", String.valueOf(event.getFormattedMessage()));
            List<KeyValuePair> pairs = event.getKeyValuePairs();
            if (pairs != null) {
                for (KeyValuePair pair : pairs) {
                    field(line, pair.key, String.valueOf(pair.value));
                }
            }
            if (event.getThrowableProxy() != null) {
                field(line, "error", error(event.getThrowableProxy()));
                field(line, "stack", stack(event.getThrowableProxy()));
            }
            line.append(json ? "}\n" : "\n");
            return line.toString().getBytes(StandardCharsets.UTF_8);
        }

        private void field(StringBuilder line, String key, String value) {
            String shown = value.length() > VALUE_CHARS_MAX ? value.substring(0, VALUE_CHARS_MAX) + "..." : value;
            if (json) {
                line.append(line.length() == 0 ? '{' : ',');
                quote(line, key);
                line.append(':');
                quote(line, shown);
            } else {
                line.append(line.length() == 0 ? "" : " ").append(key).append('=');
                if (isBare(shown)) {
                    line.append(shown);
                } else {
                    quote(line, shown);
                }
            }
        }

        private static boolean isBare(String value) {
            return !value.isEmpty() && value.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\');
        }

        /** JSON's escapes, for logfmt too; C1 controls and line separators of Unicode are escaped as well. */
        private static void quote(StringBuilder line, String value) {
            line.append('"');
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                switch (c) {
                    case '"', '\\' -> line.append('\\').append(c);
                    case '\n' -> line.append("\\n");
                    case '\r' -> line.append("\\r");
                    case '\t' -> line.append("\\t");
                    default -> {
                        if (isHarmless(c)) {
                            line.append(c);
                        } else {
                            line.append("\\u")
                                    .append(HEX.charAt(c >> 12))
                                    .append(HEX.charAt(c >> 8 & 15))
                                    .append(HEX.charAt(c >> 4 & 15))
                                    .append(HEX.charAt(c & 15));
                        }
                    }
                }
            }
            line.append('"');
        }

        /** Not so: controls, formatting such as bidirectional overrides, line separators. */
        private static boolean isHarmless(char c) {
            int type = Character.getType(c);
            return type != Character.CONTROL
                    && type != Character.FORMAT
                    && type != Character.LINE_SEPARATOR
                    && type != Character.PARAGRAPH_SEPARATOR;
        }

        private static String error(IThrowableProxy thrown) {
            StringBuilder text = new StringBuilder();
            IThrowableProxy cause = thrown;
            for (int i = 0; cause != null && i < CAUSES_MAX; i++) {
                text.append(i == 0 ? "" : ": caused by ").append(cause.getClassName());
                if (cause.getMessage() != null) {
                    text.append(": ").append(cause.getMessage());
                }
                cause = cause.getCause();
            }
            return text.toString();
        }

        private static String stack(IThrowableProxy thrown) {
            StringBuilder text = new StringBuilder();
            StackTraceElementProxy[] frames = thrown.getStackTraceElementProxyArray();
            for (int i = 0; i < Math.min(frames.length, FRAMES_MAX); i++) {
                text.append(i == 0 ? "" : "\n").append(frames[i].getSTEAsString());
            }
            return text.toString();
        }
    }
}
