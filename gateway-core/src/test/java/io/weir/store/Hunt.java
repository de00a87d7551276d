package io.weir.store;

/** Looks for faults in the store on its class path until one is found or the time is up; a process of its own. */
final class Hunt {
    static final int FOUND = 42;

    private Hunt() {}

    /** Arguments: milliseconds, seed. */
    public static void main(String[] args) {
        long millis = Long.parseLong(args[0]);
        long seed = Long.parseLong(args[1]);
        try {
            System.out.println("interleavings: " + Interleaving.explore(millis / 4, seed));
            System.out.println("chaos: " + Stress.rounds(seed, millis / 2, 100, true));
            System.out.println("full speed: " + Stress.rounds(seed, millis / 4, 100, false));
        } catch (Throwable e) {
            String cause = e.getCause() == null ? "" : " " + e.getCause().getMessage();
            System.out.println(("found: " + e.getMessage() + cause).replace('\n', ' '));
            System.exit(FOUND);
        }
    }
}
