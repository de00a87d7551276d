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
        now++;
        return unread.hold(new Source(shared));
    }

    @Test
    void shouldRevokeWhoHasMadeNoProgressForLongestWhenThereAreTooManySnapshots() {
        BodySource first = begin("a");
        BodySource second = begin("b");
        BodySource third = begin("c");
        now++;
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
    void shouldNeverRevokeTheAnswerThatGoesOn() {
        Source huge = new Source("huge");
        huge.bytes = 100 * SNAPSHOT;
        BodySource other = begin("a");
        BodySource only = unread.hold(huge);
        assertThat(only.isRevoked()).isFalse();
        assertThat(other.isRevoked()).isTrue();
        assertThat(only.next()).hasSize(1);
        only.close();
        assertThat(huge.closed).isTrue();
        other.close();
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
