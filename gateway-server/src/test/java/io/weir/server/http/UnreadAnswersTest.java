package io.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class UnreadAnswersTest {
    private static final long SNAPSHOT = 1_000_000;

    private long now;
    private final UnreadAnswers unread =
            new UnreadAnswers(3 * (SNAPSHOT + UnreadAnswers.ANSWER_BYTES), () -> now);

    private static final class Source implements BodySource {
        final Object shared;
        long bytes = SNAPSHOT;
        boolean closed;

        Source(Object shared) {
            this.shared = shared;
        }

        @Override
        public byte[] next() {
            return new byte[1];
        }

        @Override
        public int blockLength() {
            return 1;
        }

        @Override
        public long length() {
            return 7;
        }

        @Override
        public Object shares() {
            return shared;
        }

        @Override
        public long sharedBytes() {
            return bytes;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private BodySource begin(Object shared) {
        now += UnreadAnswers.IDLE_NANOS;
        return unread.hold(new Source(shared));
    }

    @Test
    void shouldRevokeWhoHasMadeNoProgressForLongestWhenThereAreTooManySnapshots() {
        BodySource first = begin("a");
        BodySource second = begin("b");
        BodySource third = begin("c");
        now += UnreadAnswers.IDLE_NANOS;
        first.next();
        BodySource fourth = begin("d");
        assertThat(List.of(first.isRevoked(), second.isRevoked(), third.isRevoked(), fourth.isRevoked()))
                .containsExactly(false, true, false, false);
        assertThat(unread.bytes()).isEqualTo(3 * (SNAPSHOT + UnreadAnswers.ANSWER_BYTES));
        second.next();
        second.close();
        assertThat(unread.bytes()).as("counted out once").isEqualTo(3 * (SNAPSHOT + UnreadAnswers.ANSWER_BYTES));
        List.of(first, third, fourth).forEach(BodySource::close);
        assertThat(unread.bytes()).isZero();
    }

    @Test
    void shouldSpareWhoHasJustTakenSomeUntilItIsFarTooMuch() {
        List<BodySource> answers = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            answers.add(unread.hold(new Source(i)));
        }
        assertThat(answers).noneMatch(BodySource::isRevoked);
        answers.add(unread.hold(new Source("more")));
        assertThat(answers.stream().filter(BodySource::isRevoked)).containsExactly(answers.get(0));

        now += UnreadAnswers.IDLE_NANOS;
        assertThat(answers.get(12).isRevoked()).as("looked at a second later").isFalse();
        assertThat(answers.stream().filter(BodySource::isRevoked)).hasSize(10);
        assertThat(unread.bytes()).isEqualTo(3 * (SNAPSHOT + UnreadAnswers.ANSWER_BYTES));
        answers.forEach(BodySource::close);
        assertThat(unread.bytes()).isZero();
    }

    @Test
    void shouldSayWhetherThereAreMany() {
        List<BodySource> answers = new ArrayList<>();
        for (int i = 0; i < UnreadAnswers.CROWD; i++) {
            assertThat(unread.isCrowded()).isFalse();
            answers.add(unread.hold(new Source("one")));
        }
        assertThat(unread.isCrowded()).isTrue();
        answers.get(0).close();
        assertThat(unread.isCrowded()).isFalse();
    }

    @Test
    void shouldCountOnceWhatAnswersShare() {
        List<BodySource> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(begin("one"));
        }
        assertThat(answers).noneMatch(BodySource::isRevoked);
        assertThat(unread.bytes()).isEqualTo(SNAPSHOT + 10 * UnreadAnswers.ANSWER_BYTES);
        answers.forEach(BodySource::close);
        assertThat(unread.bytes()).isZero();
    }

    @Test
    void shouldHaveRoomForTwoOfTheLargestInAnyCase() {
        List<BodySource> answers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Source huge = new Source(i);
            huge.bytes = 100 * SNAPSHOT;
            now += UnreadAnswers.IDLE_NANOS;
            answers.add(unread.hold(huge));
            assertThat(answers.get(i).isRevoked()).isFalse();
        }
        assertThat(answers.stream().map(BodySource::isRevoked)).containsExactly(true, false, false);
        answers.forEach(BodySource::close);
        assertThat(unread.bytes()).isZero();
    }

    @Test
    void shouldPassOnWhatTheSourceSaysOfItself() {
        BodySource answer = unread.hold(new Source("a"));
        assertThat(Arrays.stream(BodySource.class.getDeclaredMethods()).map(Method::getName))
                .as("none is left to its default")
                .isSubsetOf(Arrays.stream(answer.getClass().getDeclaredMethods()).map(Method::getName).toList());
        assertThat(answer.blockLength()).isEqualTo(1);
        assertThat(answer.length()).isEqualTo(7);
        answer.close();
    }

    @Test
    void shouldCountWhatGrows() {
        Source source = new Source("a");
        BodySource answer = unread.hold(source);
        source.bytes = 2 * SNAPSHOT;
        answer.next();
        assertThat(unread.bytes()).isEqualTo(2 * SNAPSHOT + UnreadAnswers.ANSWER_BYTES);
        answer.close();
        assertThat(unread.bytes()).isZero();
    }
}
