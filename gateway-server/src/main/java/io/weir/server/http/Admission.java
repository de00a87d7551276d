package io.weir.server.http;

import io.weir.server.auth.Guard;
import io.weir.server.auth.Outcome;
import io.weir.server.auth.Principal;
import io.weir.server.auth.Scope;

/**
 * Who the peer of one connection has shown to be, by which field and under which rules: the next request with the same field
 * is not verified again. Event loop only.
 */
final class Admission {
    private Guard by;
    private String field;
    private Principal principal;

    /** What a guard says to a field that it has let in before; null when it has not, and has to look. */
    Outcome again(Guard asked, Scope scope, String shown) {
        return shown != null && by == asked && isSame(shown, field) ? asked.again(scope, principal) : null;
    }

    void remember(Guard asked, String shown, Principal let) {
        by = asked;
        field = shown;
        principal = let;
    }

    /** In constant time: others may share this connection behind a proxy. */
    private static boolean isSame(String a, String b) {
        int difference = a.length() ^ b.length();
        for (int i = 0; i < a.length() && i < b.length(); i++) {
            difference |= a.charAt(i) ^ b.charAt(i);
        }
        return difference == 0;
    }
}
