package io.weir.expose;

import io.weir.snapshot.Snapshot;
import java.nio.charset.StandardCharsets;

/**
 * How names that are not classic, {@code [a-zA-Z_:][a-zA-Z0-9_:]*} of metrics and {@code [a-zA-Z_][a-zA-Z0-9_]*} of labels,
 * are shown to a reader. Classic names are never changed. Any thread.
 *
 * <p>Source: Prometheus, "Content negotiation" and the proposal "UTF-8 support"; the forms are those of prometheus/common
 * {@code model.EscapeName}, but that a colon in a label name is escaped too, since no reader takes it there.
 */
public enum NameEscaping {
    /** As they are, in quotes where the format needs them. */
    NONE("allow-utf-8"),
    /** Each character that is not legal becomes an underscore. */
    UNDERSCORES("underscores"),
    /** A dot becomes {@code _dot_}, an underscore and all else two underscores. */
    DOTS("dots"),
    /** {@code U__} in front, {@code _HEX_} for each character that is not legal, {@code __} for an underscore: can be undone. */
    VALUES("values");

    private final String token;

    NameEscaping(String token) {
        this.token = token;
    }

    /** Value of the parameter {@code escaping}. */
    public String token() {
        return token;
    }

    /** The one of this parameter, null for none. */
    public static NameEscaping of(String token) {
        for (NameEscaping e : values()) {
            if (e.token.equals(token)) {
                return e;
            }
        }
        return null;
    }

    /** Whether a snapshot shows its names differently in each way; otherwise {@link #apply} returns it as it is. */
    public static boolean isNeeded(Snapshot snapshot) {
        return snapshot.families().stream().anyMatch(family -> !family.isClassic());
    }

    /**
     * The snapshot with all names in this form. No two families and no two series come to bear one name: what another has
     * already, a classic name or one that stands before it, is shown as by {@link #VALUES}, and where that too is taken with
     * underscores and more of them behind. No label comes to begin with {@code __}.
     */
    public Snapshot apply(Snapshot snapshot) {
        return this == NONE || !isNeeded(snapshot) ? snapshot : new EscapedSnapshot(snapshot, this).escaped();
    }

    /** A name that is not classic, in this form. */
    byte[] escape(String name, boolean isLabel) {
        StringBuilder to = new StringBuilder(this == VALUES ? "U__" : "");
        for (int i = 0; i < name.length(); ) {
            int c = name.codePointAt(i);
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == ':' && !isLabel;
            if (letter || c >= '0' && c <= '9' && i > 0) {
                to.append((char) c);
            } else {
                to.append(switch (this) {
                    case NONE -> Character.toString(c);
                    case UNDERSCORES -> "_";
                    case DOTS -> c == '.' ? "_dot_" : "__";
                    case VALUES -> c == '_' ? "__" : '_' + Integer.toHexString(c) + '_';
                });
            }
            i += Character.charCount(c);
        }
        return to.toString().getBytes(StandardCharsets.UTF_8);
    }
}
