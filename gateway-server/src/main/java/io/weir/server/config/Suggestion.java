package io.weir.server.config;

/** The known word that is nearest to a mistyped one. Any thread. */
public final class Suggestion {
    private static final int WORD_LENGTH_MAX = 128;

    private Suggestion() {}

    /** The candidate with the fewest edits, at most a third of the word's length; null when none is near. */
    public static String nearest(String word, Iterable<String> candidates) {
        if (word.length() > WORD_LENGTH_MAX) {
            return null;
        }
        String best = null;
        int bestEdits = Math.max(1, word.length() / 3) + 1;
        for (String candidate : candidates) {
            int edits = edits(word, candidate);
            if (edits < bestEdits) {
                bestEdits = edits;
                best = candidate;
            }
        }
        return best;
    }

    /** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
    static int edits(String a, String b) {
        int[][] rows = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                rows[i][j] = i == 0 || j == 0 ? i + j : edits(a, b, rows, i, j);
            }
        }
        return rows[a.length()][b.length()];
    }

    private static int edits(String a, String b, int[][] rows, int i, int j) {
        char ca = a.charAt(i - 1);
        char cb = b.charAt(j - 1);
        int edits = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1);
        edits = Math.min(edits, rows[i - 1][j - 1] + (ca == cb ? 0 : 1));
        if (i > 1 && j > 1 && ca == b.charAt(j - 2) && a.charAt(i - 2) == cb) {
            edits = Math.min(edits, rows[i - 2][j - 2] + 1);
        }
        return edits;
    }
}
