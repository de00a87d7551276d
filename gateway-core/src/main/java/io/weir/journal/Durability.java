package io.weir.journal;

/**
 * Hears how far one writer's frames have come to the disk. Called on the thread of {@link Journal#sync()}, which must not
 * be held up: hand it on to the event loop. Calls come in order.
 */
public interface Durability {
    Durability NONE = new Durability() {
        @Override
        public void durable(long ticket) {}

        @Override
        public void lost(long ticket) {}
    };

    /** Every frame up to this ticket that is not lost is on the disk. */
    void durable(long ticket);

    /** Frames up to this ticket that are not durable yet may never be: say neither yes nor no to those who wait. */
    void lost(long ticket);
}
