package io.weir.parse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weir.sample.Code;
import io.weir.sample.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Frames of Logplex and of those who imitate it: whole, byte by byte, and cut at every byte. */
class LogplexParserTest {
    private static final String HEAD = "<158>1 2020-01-08T22:33:57.353034+00:00 host heroku router -";

    // ---- frames as Logplex sends them

    @Test
    void shouldReadFramesByTheirLengthInBytes() {
        assertThat(read(frame(HEAD + " one\n") + frame(HEAD + " two\n"))).containsExactly("heroku router one", "heroku router two");
    }

    @Test
    void shouldReadAFrameWithoutNewlineThatTheNextFollowsDirectly() {
        assertThat(read(frame(HEAD + " one") + frame(HEAD + " two"))).containsExactly("heroku router one", "heroku router two");
    }

    @Test
    void shouldPassOverNewlinesBetweenFrames() {
        assertThat(read("\n\n" + frame(HEAD + " one") + "\n\r\n" + frame(HEAD + " two\n") + "\n"))
                .containsExactly("heroku router one", "heroku router two");
    }

    @Test
    void shouldKeepNewlinesInATextEvenBeforeWhatLooksLikeAFrame() {
        String text = "one\n2\n" + frame(HEAD + " forged\n") + "three";
        assertThat(read(frame(HEAD + " " + text + "\n") + frame(HEAD + " four\n")))
                .containsExactly("heroku router " + text, "heroku router four");
    }

    @Test
    void shouldKeepTextsThatAreNoAscii() {
        assertThat(read(frame(HEAD + " größe ✓ 🚀\n") + frame(HEAD + " two\n")))
                .containsExactly("heroku router größe ✓ 🚀", "heroku router two");
    }

    @Test
    void shouldReadAnEmptyTextWithAndWithoutASpace() {
        assertThat(read(frame(HEAD + "\n") + frame(HEAD + " ") + frame(HEAD)))
                .containsExactly("heroku router ", "heroku router ", "heroku router ");
    }

    // ---- lengths that do not hold

    @Test
    void shouldEndAFrameOfWrongLengthWhereTheNextBegins() {
        for (String length : new String[] {"0", "1", "61", "100", "300000", "999999999"}) {
            Seen seen = see(length + " " + HEAD + " one\n" + frame(HEAD + " two\n"));
            assertThat(seen.messages).as(length).containsExactly("heroku router one", "heroku router two");
            assertThat(seen.badLengths).as(length).isEqualTo(1);
            assertThat(seen.frames).isEqualTo(2);
        }
    }

    @Test
    void shouldReadALastFrameThatIsShorterThanItsLength() {
        Seen seen = see("1000000 " + HEAD + " one");
        assertThat(seen.messages).containsExactly("heroku router one");
        assertThat(seen.badLengths).isEqualTo(1);
    }

    /** A sender that counts characters and joins frames by newlines it does not count. */
    @Test
    void shouldReadFramesWhoseLengthIsInCharacters() {
        String message = HEAD + " größe ✓";
        String body = message.length() + " " + message + "\n" + message.length() + " " + message;
        assertThat(read(body)).containsExactly("heroku router größe ✓", "heroku router größe ✓");
    }

    // ---- what is no frame

    @Test
    void shouldPassOverWhatIsNoFrameUpToTheNext() {
        for (String garbage : new String[] {
            "x", "garbage", "12", "12 x", "1234567890 <1>1 ", "-1 <1>1", "\0\1\2", "<158>1 no length", "12<158>1"
        }) {
            Seen seen = see(garbage + "\n" + frame(HEAD + " one\n"));
            assertThat(seen.messages).as(garbage).containsExactly("heroku router one");
            assertThat(seen.passedOver).as(garbage).containsExactly(Code.FRAME);
            seen = see(frame(HEAD + " one\n") + garbage);
            assertThat(seen.messages).as(garbage).containsExactly("heroku router one");
            assertThat(seen.passedOver).as(garbage).containsExactly(Code.FRAME);
        }
    }

    @Test
    void shouldPassOverAFrameWithABadHead() {
        for (String head : new String[] {
            "<158>", "<>1 t h a p - x", "<1234>1 t h a p - x", "<158>2 t h a p - x", "<158>1 t h a p", "<158>1  h a p - x",
            "<158>1 t h  p - x", "<158>1 t h a  - x", "<158>1 t h a p  x", "<a>1 t h a p - x"
        }) {
            Seen seen = see(frame(head + "\n") + frame(HEAD + " one\n"));
            assertThat(seen.messages).as(head).containsExactly("heroku router one");
            assertThat(seen.passedOver).as(head).containsExactly(Code.FRAME_HEAD);
            assertThat(seen.frames).isEqualTo(2);
        }
    }

    @Test
    void shouldPassOverALineOfTenMebibytes() {
        byte[] body = (frame(HEAD + " one\n") + frame(HEAD + " " + "x".repeat(10 << 20) + "\n") + frame(HEAD + " two\n"))
                .getBytes(UTF_8);
        for (int piece : new int[] {body.length, 64 << 10}) {
            Seen seen = new Seen(body, pieces(body.length, piece));
            assertThat(seen.messages).containsExactly("heroku router one", "heroku router two");
            assertThat(seen.passedOver).containsExactly(Code.FRAME_TOO_LONG);
            assertThat(seen.frames).isEqualTo(3);
            assertThat(seen.heldMax).isLessThan(Limits.LOGPLEX_FRAME_BYTES + (64 << 10) + 100);
        }
    }

    @Test
    void shouldReadAFrameAtTheLimitAndNoneBeyond() {
        String most = HEAD + " " + "x".repeat(Limits.LOGPLEX_FRAME_BYTES - HEAD.length() - 1);
        assertThat(new Seen((frame(most) + frame(HEAD)).getBytes(UTF_8)).messages).hasSize(2);
        Seen seen = new Seen((frame(most + "x") + "\n" + frame(HEAD)).getBytes(UTF_8));
        assertThat(seen.messages).hasSize(1);
        assertThat(seen.passedOver).containsExactly(Code.FRAME_TOO_LONG);
    }

    // ---- at random

    /** How a body is cut never changes what is found in it, whatever it holds. */
    @Test
    void shouldFindTheSameHoweverARandomBodyIsCut() {
        long seed = Long.getLong("weir.fuzz.seed", 42);
        Random random = new Random(seed);
        String[] parts = {
            "\n", "\r", " ", "<", "158>1 ", "1", "9 ", "61 ", "0 ", "99999 ", HEAD, HEAD + " x", frame(HEAD + " y"),
            frame(HEAD + " z\n"), "\0", "é", frame("<1>1 t h a p - q\n")
        };
        for (int round = 0; round < Integer.getInteger("weir.fuzz.rounds", 20_000); round++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(12); n >= 0; n--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            byte[] body = text.toString().getBytes(UTF_8);
            Seen whole = new Seen(body);
            int cut = random.nextInt(body.length + 1);
            for (int[] ends : List.of(pieces(body.length, 1), pieces(body.length, 1 + random.nextInt(20)),
                    new int[] {cut, body.length})) {
                Seen seen = new Seen(body, ends);
                assertThat(seen).as("seed %d round %d: %s", seed, round, text).isEqualTo(whole);
            }
        }
    }

    /** Frames of Logplex are found whatever their texts hold. */
    @Test
    void shouldFindEveryFrameOfALogplexBodyWithRandomTexts() {
        Random random = new Random(Long.getLong("weir.fuzz.seed", 42));
        for (int round = 0; round < 2_000; round++) {
            StringBuilder body = new StringBuilder();
            List<String> texts = new ArrayList<>();
            for (int n = random.nextInt(5); n >= 0; n--) {
                byte[] bytes = new byte[random.nextInt(40)];
                random.nextBytes(bytes);
                String text = new String(bytes, ISO_8859_1).replaceAll("[\r\n]+$", "");
                texts.add("heroku router " + text);
                String message = HEAD + " " + text + "\n";
                body.append(message.length()).append(' ').append(message);
            }
            assertThat(new Seen(body.toString().getBytes(ISO_8859_1)).latin()).as("round " + round).isEqualTo(texts);
        }
    }

    // ---- the rig

    private static String frame(String message) {
        return message.getBytes(UTF_8).length + " " + message;
    }

    private static List<String> read(String body) {
        Seen seen = see(body);
        assertThat(seen.passedOver).isEmpty();
        return seen.messages;
    }

    /** Whole, byte by byte and cut at every byte: the same. */
    private static Seen see(String text) {
        byte[] body = text.getBytes(UTF_8);
        Seen whole = new Seen(body);
        assertThat(new Seen(body, pieces(body.length, 1))).isEqualTo(whole);
        for (int cut = 1; cut < body.length; cut++) {
            assertThat(new Seen(body, new int[] {cut, body.length})).as("cut at " + cut).isEqualTo(whole);
        }
        return whole;
    }

    private static int[] pieces(int length, int piece) {
        int[] ends = new int[(length + piece - 1) / piece];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = Math.min((i + 1) * piece, length);
        }
        return ends;
    }

    /** What a parser saw in a body. */
    private static final class Seen implements LogplexParser.Messages {
        final List<String> messages = new ArrayList<>();
        final List<byte[]> raw = new ArrayList<>();
        final List<Code> passedOver = new ArrayList<>();
        final long badLengths;
        final long frames;
        int heldMax;

        Seen(byte[] body) {
            this(body, new int[] {body.length});
        }

        Seen(byte[] body, int[] ends) {
            LogplexParser parser = new LogplexParser();
            parser.reset(this);
            int start = 0;
            for (int end : ends) {
                byte[] bytes = Arrays.copyOfRange(body, start, end);
                Parser.Result result = parser.parse(bytes, 0, bytes.length);
                assertThat(result).isEqualTo(
                        parser.consumed() == bytes.length ? Parser.Result.COMPLETE : Parser.Result.NEED_MORE);
                start += parser.consumed();
                heldMax = Math.max(heldMax, end - start);
            }
            byte[] rest = Arrays.copyOfRange(body, start, body.length);
            assertThat(parser.finish(rest, 0, rest.length)).isEqualTo(Parser.Result.COMPLETE);
            assertThat(parser.consumed()).isEqualTo(rest.length);
            assertThat(parser.samples()).isEqualTo(messages.size());
            badLengths = parser.badLengths();
            frames = parser.lines();
        }

        @Override
        public void message(byte[] b, int app, int appEnd, int process, int processEnd, int text, int textEnd) {
            byte[] message = (string(b, app, appEnd, ISO_8859_1) + " " + string(b, process, processEnd, ISO_8859_1) + " "
                            + string(b, text, textEnd, ISO_8859_1))
                    .getBytes(ISO_8859_1);
            raw.add(message);
            messages.add(new String(message, UTF_8));
        }

        private static String string(byte[] b, int from, int to, java.nio.charset.Charset charset) {
            return new String(b, from, to - from, charset);
        }

        List<String> latin() {
            return raw.stream().map(bytes -> new String(bytes, ISO_8859_1)).toList();
        }

        @Override
        public void passedOver(Code code) {
            passedOver.add(code);
        }

        @Override
        public boolean equals(Object o) {
            return o instanceof Seen s
                    && messages.equals(s.messages)
                    && passedOver.equals(s.passedOver)
                    && badLengths == s.badLengths
                    && frames == s.frames;
        }

        @Override
        public int hashCode() {
            return messages.hashCode();
        }

        @Override
        public String toString() {
            return messages + " " + passedOver + " frames " + frames + " bad lengths " + badLengths;
        }
    }
}
