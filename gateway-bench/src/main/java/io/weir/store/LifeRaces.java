package io.weir.store;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.weir.sample.Code;
import io.weir.sample.MetricType;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;
import org.openjdk.jcstress.infra.results.J_Result;
import org.openjdk.jcstress.infra.results.ZJ_Result;

/** Updates against the keeper: kill, expiry, retirement, reuse, removal. */
public class LifeRaces {
    /** A dead record is revived while the keeper drops it. */
    @JCStressTest
    @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "kept, or created anew")
    @State
    public static class ReviveVsDrop extends Arena {
        public ReviveVsDrop() {
            super(4);
            kill(add(first, 'a', 1));
        }

        @Actor
        public void writer() {
            add(first, 'a', 2);
        }

        @Actor
        public void keeper() {
            rebuild();
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('a');
            r.r2 = table.usedWords();
        }
    }

    /** The same for a histogram. */
    @JCStressTest
    @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "kept, or created anew")
    @State
    public static class HistReviveVsDrop extends Arena {
        public HistReviveVsDrop() {
            super(4);
            kill(push(first, TableWriter.NONE, 0, 'h', 'h', MetricType.HISTOGRAM, 1));
        }

        @Actor
        public void writer() {
            push(first, TableWriter.NONE, 0, 'h', 'h', MetricType.HISTOGRAM, 2);
        }

        @Actor
        public void keeper() {
            rebuild();
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('h');
            r.r2 = table.usedWords();
        }
    }

    /** An add against a kill. */
    @JCStressTest
    @Outcome(id = "-1, 3", expect = ACCEPTABLE, desc = "in the final value")
    @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "begins the next life")
    @State
    public static class AddVsKill extends Arena {
        private final long ref;

        public AddVsKill() {
            super(4);
            ref = add(first, 'a', 1);
        }

        @Actor
        public void writer() {
            push(first, ref, 0, 'a', 'c', MetricType.COUNTER, 2);
        }

        @Actor
        public void keeper() {
            kill(ref);
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('a');
            r.r2 = killed;
        }
    }

    /** An add against a rebuild. */
    @JCStressTest
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "nothing moves")
    @State
    public static class AddVsRebuild extends Arena {
        public AddVsRebuild() {
            super(4);
            add(first, 'a', 1);
        }

        @Actor
        public void writer() {
            add(first, 'a', 2);
        }

        @Actor
        public void keeper() {
            rebuild();
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = seen('a');
        }
    }

    /** A gauge set to the value it has while its time is over: the CAS cannot see it, the tick can. */
    @JCStressTest
    @Outcome(id = "5", expect = ACCEPTABLE, desc = "not expired, or revived by the writer")
    @State
    public static class TouchVsExpire extends Arena {
        private final long ref;

        public TouchVsExpire() {
            super(4);
            ref = push(first, TableWriter.NONE, 0, 'g', 'g', MetricType.GAUGE, 5);
            nanos = 10 * SECOND;
        }

        @Actor
        public void writer() {
            push(first, ref, 0, 'g', 'g', MetricType.GAUGE, 5);
        }

        @Actor
        public void keeper() {
            keeper.reaper().expire();
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = seen('g');
        }
    }

    /** A reference kept from long ago while its number gets another owner. */
    @JCStressTest
    @Outcome(id = "2, 4", expect = ACCEPTABLE, desc = "each in its own record")
    @State
    public static class HintVsRecycle extends Arena {
        private final long ref;

        public HintVsRecycle() {
            super(4);
            ref = add(first, 'a', 1);
            kill(ref);
        }

        @Actor
        public void writer() {
            push(first, ref, 0, 'a', 'c', MetricType.COUNTER, 2);
        }

        @Actor
        public void keeper() {
            rebuild();
            keeper.compaction().recycle();
            add(second, 'b', 4);
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('a');
            r.r2 = seen('b');
        }
    }

    /** A look-up that guesses the number which is being filled with its key, and lost, by another creator. */
    @JCStressTest
    @Outcome(id = "7, 2", expect = ACCEPTABLE, desc = "nothing is added to a record that is not in an index")
    @State
    public static class GuessVsRecycle extends Arena {
        public GuessVsRecycle() {
            super(4);
            kill(add(first, 'a', 1));
            rebuild();
            keeper.compaction().recycle();
        }

        @Actor
        public void guesser() {
            add(first, 'b', 1);
            add(first, 'd', 2);
        }

        @Actor
        public void other() {
            add(second, 'b', 2);
            add(second, 'b', 4);
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('b');
            r.r2 = seen('d');
        }
    }

    /** A reservation against the removal of its family. */
    @JCStressTest
    @Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "in the family that the map knows")
    @State
    public static class PushVsRemoval extends Arena {
        public PushVsRemoval() {
            super(4);
            family('c');
        }

        @Actor
        public void writer() {
            add(first, 'a', 1);
        }

        @Actor
        public void keeper() {
            table.families().removeUnused();
        }

        @Arbiter
        public void arbiter(ZJ_Result r) {
            Family family = table.families().lookup(new byte[] {'c'}, 0, 1);
            r.r1 = family != null && family.live() == 1 && family.records() == 1;
            r.r2 = seen('a');
        }
    }

    /** Two points of different times. */
    @JCStressTest
    @Outcome(id = "20", expect = ACCEPTABLE, desc = "the newer one stays")
    @State
    public static class OlderVsNewer extends Arena {
        private final long ref;

        public OlderVsNewer() {
            super(4);
            ref = push(first, TableWriter.NONE, 0, 'g', 'g', MetricType.GAUGE, 5);
        }

        @Actor
        public void older() {
            first.enter();
            first.setLast(ref, 1, 10);
            first.committed();
            first.exit();
        }

        @Actor
        public void newer() {
            second.enter();
            second.setLast(ref, 2, 20);
            second.committed();
            second.exit();
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = seen('g');
        }
    }

    /** The last series of one type ends while the first of another is wanted. */
    @JCStressTest
    @Outcome(id = {"0, -1", "1, 2"}, expect = ACCEPTABLE, desc = "refused, or after the kill")
    @State
    public static class TypeVsKill extends Arena {
        private final long ref;
        private Code code;

        public TypeVsKill() {
            super(4);
            ref = add(first, 'a', 1);
        }

        @Actor
        public void writer() {
            code = push(second, TableWriter.NONE, 0, 'b', 'c', MetricType.GAUGE, 2) == TableWriter.NONE
                    ? Code.TYPE_CONFLICT
                    : Code.OK;
        }

        @Actor
        public void keeper() {
            kill(ref);
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = code == Code.OK ? 1 : 0;
            r.r2 = seen('b');
        }
    }
}
