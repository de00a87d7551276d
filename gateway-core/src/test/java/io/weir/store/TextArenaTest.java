package io.weir.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TextArenaTest {
    private static final int CHUNK_BYTES = 1024;

    private final TextArena arena = new TextArena(CHUNK_BYTES);
    private final TextArena.Tail tail = arena.newTail();

    @Test
    void shouldKeepOneTextForSeriesWithTheSameLabels() {
        long first = keep("instance=\"a\",job=\"b\"");
        keep("instance=\"b\",job=\"b\"");

        assertThat(keep("instance=\"a\",job=\"b\"")).isEqualTo(first);
        assertThat(text(first)).isEqualTo("instance=\"a\",job=\"b\"");
    }

    @Test
    void shouldNotReferToAChunkThatIsFull() {
        long first = keep("a=\"1\"");
        for (int i = 0; TextArena.chunk(keep("b=\"" + i + "\"")) == TextArena.chunk(first); i++) {
            // until the next chunk
        }
        long again = keep("a=\"1\"");

        assertThat(TextArena.chunk(again)).isNotEqualTo(TextArena.chunk(first));
        assertThat(text(again)).isEqualTo("a=\"1\"");
    }

    @Test
    void shouldForgetATextThatWasTakenBack() {
        byte[] text = bytes("a=\"1\"");
        tail.append(text, 0, text.length);
        tail.undo();
        long other = keep("b=\"22\"");
        long again = keep("a=\"1\"");

        assertThat(text(other)).isEqualTo("b=\"22\"");
        assertThat(text(again)).isEqualTo("a=\"1\"");
    }

    @Test
    void shouldNotTakeBackATextThatOthersHave() {
        long first = keep("a=\"1\"");
        byte[] text = bytes("a=\"1\"");
        tail.append(text, 0, text.length);
        tail.undo();
        keep("b=\"22\"");

        assertThat(text(first)).isEqualTo("a=\"1\"");
    }

    @Test
    void shouldCountEverySeriesOfASharedTextWhenItAsksWhetherHalfIsRetired() {
        int series = 1000;
        long place = 0;
        for (int i = 0; i < series; i++) {
            place = keep("instance=\"a\"");
        }
        for (int i = 0; i < series / 2 - 1; i++) {
            arena.retire(place);
        }
        assertThat(arena.isDue()).isFalse();

        arena.retire(place);
        arena.retire(place);
        assertThat(arena.isDue()).isTrue();
    }

    @Test
    void shouldGiveEveryTextItsOwnPlace() {
        for (int i = 0; i < 10_000; i++) {
            String text = "k=\"" + i * 7919 % 5000 + "\"";
            assertThat(text(keep(text))).isEqualTo(text);
        }
    }

    private long keep(String text) {
        byte[] bytes = bytes(text);
        byte[] padded = new byte[bytes.length + 3];
        System.arraycopy(bytes, 0, padded, 2, bytes.length);
        long place = tail.append(padded, 2, bytes.length);
        tail.keep();
        return place;
    }

    private String text(long place) {
        return new String(
                arena.chunks()[TextArena.chunk(place)],
                TextArena.offset(place),
                TextArena.length(place),
                StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
