package io.weir.server.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * A YAML file as a tree of nodes with their places. Nothing is constructed from it, so tags have no effect. Hostile files
 * are cut off: 1 MiB, 16 levels, 100 aliases, one document.
 */
final class YamlText {
    static final int BYTES_MAX = 1 << 20;
    static final int DEPTH_MAX = 16;
    static final int ALIASES_MAX = 100;

    private YamlText() {}

    /** The root, or empty for an empty file. */
    static Optional<Node> read(Path file) throws ConfigException {
        String text = content(file);
        LoadSettings settings = LoadSettings.builder()
                .setLabel(file.toString())
                .setUseMarks(true)
                .setCodePointLimit(BYTES_MAX)
                .setAllowNonScalarKeys(true)
                .build();
        try {
            checkShape(file, new Parse(settings).parseString(text).iterator());
            return new Compose(settings).composeString(text);
        } catch (MarkedYamlEngineException e) {
            String problem = e.getProblem() == null ? e.getContext() : e.getProblem();
            throw at(file, e.getProblemMark().or(e::getContextMark), problem);
        } catch (YamlEngineException e) {
            throw problem(file + ": " + e.getMessage().lines().findFirst().orElse("not YAML"));
        }
    }

    /** A file as text, without its byte order mark. */
    static String content(Path file) throws ConfigException {
        return decode(file, bytes(file));
    }

    static ConfigException at(Path file, Optional<Mark> mark, String message) {
        return problem(place(file, mark) + ": " + message);
    }

    /** {@code weir.yml:3:7}, both counted from one. */
    static String place(Path file, Optional<Mark> mark) {
        return file + mark.map(m -> ":" + (m.getLine() + 1) + ":" + (m.getColumn() + 1)).orElse("");
    }

    private static void checkShape(Path file, Iterator<Event> events) throws ConfigException {
        int depth = 0;
        int aliases = 0;
        int documents = 0;
        while (events.hasNext()) {
            Event event = events.next();
            switch (event.getEventId()) {
                case MappingStart, SequenceStart -> depth++;
                case MappingEnd, SequenceEnd -> depth--;
                case Alias -> aliases++;
                case DocumentStart -> documents++;
                default -> {}
            }
            if (depth > DEPTH_MAX) {
                throw at(file, event.getStartMark(), "nested deeper than " + DEPTH_MAX + " levels");
            }
            if (aliases > ALIASES_MAX) {
                throw at(file, event.getStartMark(), "more than " + ALIASES_MAX + " aliases");
            }
            if (documents > 1) {
                throw at(file, event.getStartMark(), "a second document; expected one");
            }
        }
    }

    private static byte[] bytes(Path file) throws ConfigException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw problem(file + ": larger than " + Values.formatSize(BYTES_MAX));
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw problem(file + ": no such file");
        } catch (AccessDeniedException e) {
            throw problem(file + ": permission denied");
        } catch (IOException e) {
            throw problem(file + ": cannot be read: " + e.getMessage());
        }
    }

    private static String decode(Path file, byte[] bytes) throws ConfigException {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        CharBuffer text = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(ByteBuffer.wrap(bytes), text, true);
        text.flip();
        if (result.isError()) {
            String before = text.toString();
            int line = (int) before.chars().filter(c -> c == '\n').count() + 1;
            int column = before.length() - before.lastIndexOf('\n');
            throw problem(file + ":" + line + ":" + column + ": not UTF-8");
        }
        boolean byteOrderMark = text.length() > 0 && text.charAt(0) == '\uFEFF';
        return byteOrderMark ? text.subSequence(1, text.length()).toString() : text.toString();
    }

    private static ConfigException problem(String message) {
        return new ConfigException(ExitCode.CONFIG, message);
    }
}
