package io.weir.store;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Gives out series numbers: reused ones first, then new ones in ascending order. {@link #take} from any writer,
 * everything else by the keeper.
 */
final class Numbers {
    private static final Reused NONE = new Reused(new int[0]);

    private final int max;
    private final AtomicInteger high = new AtomicInteger();
    private volatile Reused reused = NONE;

    /** Numbers whose grace is over; writers take them from the front. */
    private static final class Reused {
        final int[] numbers;
        final AtomicInteger next = new AtomicInteger();

        Reused(int[] numbers) {
            this.numbers = numbers;
        }
    }

    Numbers(int max) {
        this.max = max;
    }

    /** A number that nobody else has, or -1 when all are in use. */
    int take() {
        Steps.step();
        Reused r = reused;
        if (r.next.get() < r.numbers.length) {
            Steps.step();
            int i = r.next.getAndIncrement();
            if (i < r.numbers.length) {
                return r.numbers[i];
            }
        }
        if (high.get() >= max) {
            return -1;
        }
        int n = high.getAndIncrement();
        if (n >= max) {
            high.getAndDecrement();
            return -1;
        }
        return n;
    }

    /** Numbers issued so far are below this. */
    int high() {
        return Math.min(high.get(), max);
    }

    /** Keeper only: adds numbers whose grace is over, in ascending order with those still there. */
    void give(int[] numbers) {
        int[] rest = seal();
        int[] all = Arrays.copyOf(rest, rest.length + numbers.length);
        System.arraycopy(numbers, 0, all, rest.length, numbers.length);
        Arrays.sort(all);
        Steps.step();
        reused = new Reused(all);
    }

    private int[] seal() {
        Reused r = reused;
        int from = Math.min(r.next.getAndAdd(r.numbers.length), r.numbers.length);
        return Arrays.copyOfRange(r.numbers, from, r.numbers.length);
    }

    /** Reused numbers that wait for a taker. */
    int[] waiting() {
        Reused r = reused;
        return Arrays.copyOfRange(r.numbers, Math.min(r.next.get(), r.numbers.length), r.numbers.length);
    }
}
