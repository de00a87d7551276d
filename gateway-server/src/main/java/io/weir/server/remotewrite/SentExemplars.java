package io.weir.server.remotewrite;

import io.weir.snapshot.Exemplar;
import io.weir.snapshot.FamilySnapshot;
import io.weir.snapshot.Snapshot;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * The exemplars that one receiver has answered for, so that it gets each of them once and not with every flush. Outputs
 * thread only.
 *
 * <p>It goes by identity: the store holds an exemplar as one object until another takes its place. Times would not do, for what
 * a job observed may be pushed long after. Limit: no more than the last snapshot held, that is {@code --exemplars.max}.
 */
final class SentExemplars {
    private Set<Exemplar> sent = none();

    private static Set<Exemplar> none() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }

    /** Forgets what the store no longer has. */
    void retain(Snapshot snapshot) {
        if (sent.isEmpty()) {
            return;
        }
        Set<Exemplar> live = none();
        for (FamilySnapshot f : snapshot.families()) {
            f.forEachExemplar(e -> {
                if (sent.contains(e)) {
                    live.add(e);
                }
            });
        }
        sent = live;
    }

    /** Whether the receiver is to get it: it needs a time, and receivers keep none whose labels are too long. */
    boolean isDue(Exemplar exemplar) {
        return exemplar.hasTime() && !sent.contains(exemplar) && !exemplar.isTooLong();
    }

    void add(Exemplar exemplar) {
        sent.add(exemplar);
    }

    int size() {
        return sent.size();
    }
}
