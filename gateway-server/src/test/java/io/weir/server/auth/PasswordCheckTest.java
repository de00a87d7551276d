package io.weir.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.auth.PasswordCheck.Answer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PasswordCheckTest {
    private static final Bcrypt HASH = Bcrypt.parse(Bcrypt.hash("right", 4));

    private final PasswordCheck check = new PasswordCheck();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        check.close();
    }

    @Test
    void shouldVerifyOnAThreadOfItsOwnAndRememberBothResults() throws Exception {
        assertThat(ask("right")).isEqualTo(Answer.BEGUN);
        assertThat(next()).isEqualTo("true weir-password first");
        assertThat(ask("right")).isEqualTo(Answer.RIGHT);
        assertThat(ask("wrong")).isEqualTo(Answer.BEGUN);
        assertThat(next()).isEqualTo("false weir-password first");
        assertThat(ask("wrong")).isEqualTo(Answer.WRONG);
        assertThat(check.verifications()).isEqualTo(2);
    }

    @Test
    void shouldNotTakeOneUsersPasswordForAnothers() throws Exception {
        ask("right");
        next();
        Bcrypt other = Bcrypt.parse(Bcrypt.hash("right", 4));
        assertThat(check.ask("user", other, "right", this::tell)).isEqualTo(Answer.BEGUN);
        assertThat(check.ask("other", HASH, "right", this::tell)).isEqualTo(Answer.BEGUN);
    }

    @Test
    void shouldVerifyOnceForAllWhoAskMeanwhileAndRefuseWhatIsTooMuch() throws Exception {
        CountDownLatch free = new CountDownLatch(1);
        check.ask("blocker", HASH, "x", (right, first) -> await(free));
        await(() -> check.verifications() == 1);
        assertThat(ask("right")).isEqualTo(Answer.BEGUN);
        assertThat(ask("right")).isEqualTo(Answer.SHARED);
        assertThat(ask("right")).isEqualTo(Answer.SHARED);
        for (int i = 1; i < PasswordCheck.QUEUE_MAX; i++) {
            assertThat(ask("p" + i)).isEqualTo(Answer.BEGUN);
        }
        assertThat(ask("one more")).isEqualTo(Answer.BUSY);
        assertThat(ask("right")).as("no place needed").isEqualTo(Answer.SHARED);
        free.countDown();
        assertThat(next()).endsWith("first");
        assertThat(next()).isEqualTo("true weir-password shared");
        assertThat(next()).isEqualTo("true weir-password shared");
        assertThat(next()).isEqualTo("true weir-password shared");
    }

    @Test
    void shouldForgetRatherThanGrow() throws Exception {
        for (int i = 0; i <= PasswordCheck.REMEMBERED_MAX; i++) {
            ask("p" + i);
            next();
        }
        assertThat(ask("p0")).isEqualTo(Answer.BEGUN);
        assertThat(ask("p" + PasswordCheck.REMEMBERED_MAX)).isEqualTo(Answer.WRONG);
    }

    private Answer ask(String password) {
        return check.ask("user", HASH, password, this::tell);
    }

    private void tell(boolean right, boolean first) {
        told.add(right + " " + Thread.currentThread().getName() + (first ? " first" : " shared"));
    }

    private String next() throws InterruptedException {
        return told.poll(20, TimeUnit.SECONDS);
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
