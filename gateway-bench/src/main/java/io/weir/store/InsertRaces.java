package io.weir.store;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import io.weir.sample.MetricType;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;
import org.openjdk.jcstress.infra.results.J_Result;

/** Creation against creation, sealing, the limit and the snapshot. */
public class InsertRaces {
    /** Two creators of one key. */
    @JCStressTest
    @Outcome(id = "3, 1", expect = ACCEPTABLE, desc = "both adds in one record")
    @State
    public static class SameKeyInsert extends Arena {
        public SameKeyInsert() {
            super(4);
        }

        @Actor
        public void one() {
            add(first, 'a', 1);
        }

        @Actor
        public void two() {
            add(second, 'a', 2);
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('a');
            r.r2 = table.usedWords();
        }
    }

    /** Two keys that differ in the second half of the hash only. */
    @JCStressTest
    @Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "each has its record")
    @State
    public static class EqualFirstHalf extends Arena {
        public EqualFirstHalf() {
            super(4);
        }

        @Actor
        public void one() {
            add(first, 'a', 1);
        }

        @Actor
        public void two() {
            add(second, 'b', 2);
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('a');
            r.r2 = seen('b');
        }
    }

    /** A creator against the keeper that seals free words. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "created in the old index and carried, or in the next")
    @State
    public static class InsertVsSeal extends Arena {
        public InsertVsSeal() {
            super(4);
        }

        @Actor
        public void writer() {
            add(first, 'a', 1);
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

    /** Two creators of one key and the keeper's rebuild: the second comes after the keeper's step in its thread. */
    @JCStressTest
    @Outcome(id = "3", expect = ACCEPTABLE, desc = "one usable record over all generations")
    @State
    public static class SameKeyVsSeal extends Arena {
        public SameKeyVsSeal() {
            super(4);
        }

        @Actor
        public void writer() {
            add(first, 'a', 1);
        }

        @Actor
        public void keeper() {
            rebuild();
            add(second, 'a', 2);
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = seen('a');
        }
    }

    /** A new histogram against a rebuild. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "carried or created in the next index")
    @State
    public static class HistVsRebuild extends Arena {
        public HistVsRebuild() {
            super(4);
        }

        @Actor
        public void writer() {
            push(first, TableWriter.NONE, 0, 'h', 'h', MetricType.HISTOGRAM, 1);
        }

        @Actor
        public void keeper() {
            rebuild();
        }

        @Arbiter
        public void arbiter(J_Result r) {
            r.r1 = seen('h');
        }
    }

    /** A snapshot while a series is created. */
    @JCStressTest
    @Outcome(id = "-1", expect = ACCEPTABLE, desc = "not there yet")
    @Outcome(id = "7", expect = ACCEPTABLE, desc = "whole: value, family and text")
    @State
    public static class Publication extends Arena {
        public Publication() {
            super(4);
        }

        @Actor
        public void writer() {
            add(first, 'a', 7);
        }

        @Actor
        public void keeper(J_Result r) {
            r.r1 = seen('a');
        }
    }

    /** Two creators, one place. */
    @JCStressTest
    @Outcome(id = {"1, -1", "-1, 2"}, expect = ACCEPTABLE, desc = "one of them")
    @State
    public static class OnePlace extends Arena {
        public OnePlace() {
            super(1);
        }

        @Actor
        public void one() {
            add(first, 'a', 1);
        }

        @Actor
        public void two() {
            add(second, 'b', 2);
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('a');
            r.r2 = seen('b');
        }
    }

    /** Two creators, one family, two types. */
    @JCStressTest
    @Outcome(id = {"1, -1", "-1, 2"}, expect = ACCEPTABLE, desc = "one of them")
    @State
    public static class OneType extends Arena {
        public OneType() {
            super(4);
        }

        @Actor
        public void one() {
            push(first, TableWriter.NONE, 0, 'a', 'f', MetricType.COUNTER, 1);
        }

        @Actor
        public void two() {
            push(second, TableWriter.NONE, 0, 'b', 'f', MetricType.HISTOGRAM, 2);
        }

        @Arbiter
        public void arbiter(JJ_Result r) {
            r.r1 = seen('a');
            r.r2 = seen('b');
        }
    }
}
